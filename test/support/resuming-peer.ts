/**
 * A peer that resumes, over plain socket.io-client: the rules S1 to S6 of the protocol in few lines, written without
 * a look at our own client. Works outside of vitest as well.
 */

import { io, type Socket } from "socket.io-client";
import type {
  Ack,
  Candidate,
  Delivered,
  Description,
  Joined,
  Peer,
  Resumed,
} from "../../src/protocol/messages.ts";

/** Events by what our own client calls them. */
const COUNTED: Readonly<Record<string, string>> = {
  getOffer: "description",
  getAnswer: "description",
  getCandidate: "candidate",
  getCandidates: "candidates",
  user_joined: "peerjoin",
  user_exit: "peerleave",
  user_away: "peeraway",
  user_back: "peerback",
};

interface Message {
  event: string;
  args: unknown[];
  settle: (ack: Ack<Delivered> | undefined) => void;
}

type Listener = (members: never) => void;

export class ResumingPeer {
  id: string | undefined;
  private readonly socket: Socket;
  private readonly listeners = new Map<string, Set<Listener>>();
  private request: { room: string; name: string } | undefined;
  private ticket: string | undefined;
  private isSeated = false;
  private received = 0;
  /** Messages that the server may not have, and how many it certainly has. */
  private unconfirmed: Message[] = [];
  private confirmed = 0;

  constructor(url: string, { transports = ["websocket"] }: { transports?: string[] } = {}) {
    this.socket = io(url, {
      transports,
      forceNew: true,
      reconnectionDelay: 20,
      reconnectionDelayMax: 1_000,
      randomizationFactor: 1,
      // A WebSocket that closes early is noticed by this alone.
      timeout: 3_000,
    });
    this.socket.on("connect", () => this.arrive());
    this.socket.on("disconnect", () => {
      this.isSeated = false;
      // It would be sent before the resume.
      this.socket.sendBuffer = [];
    });
    this.socket.onAny((name: string, ...args: unknown[]) => this.hear(name, args));
  }

  get connected(): boolean {
    return this.isSeated;
  }

  addEventListener(type: string, listener: Listener, { once = false } = {}): void {
    const all = this.listeners.get(type) ?? new Set();
    this.listeners.set(type, all);
    const listed: Listener = once
      ? (members) => {
          all.delete(listed);
          listener(members);
        }
      : listener;
    all.add(listed);
  }

  async join(room: string, { name = "" } = {}): Promise<Joined> {
    const joined = new Promise<Joined>((resolve) =>
      this.addEventListener("join", resolve as Listener, { once: true }),
    );
    this.request = { room, name };
    if (this.socket.connected) this.arrive();
    return joined;
  }

  sendDescription(description: Description, to?: string): Promise<Delivered | undefined> {
    return this.send(description.type === "offer" ? "offer" : "answer", description, to);
  }

  sendCandidates(candidates: (Candidate | null)[], to?: string): Promise<Delivered | undefined> {
    return this.send("candidates", candidates, to);
  }

  close(): void {
    this.socket.disconnect();
  }

  private send(event: string, payload: unknown, to?: string): Promise<Delivered | undefined> {
    return new Promise((resolve, reject) => {
      const message: Message = {
        event,
        args: [payload, to === undefined ? {} : { to }],
        // Without an answer, the server has it, and nobody knows how many got it.
        settle: (ack) => {
          if (ack && !ack.ok) reject(new Error(ack.error.code));
          else resolve(ack);
        },
      };
      this.unconfirmed.push(message);
      if (this.isSeated) this.put(message);
    });
  }

  private put(message: Message): void {
    this.socket.emit(message.event, ...message.args, (ack: Ack<Delivered>) => {
      message.settle(ack);
      const index = this.unconfirmed.indexOf(message);
      if (index >= 0) this.confirm(index + 1);
    });
  }

  private confirm(count: number): void {
    this.confirmed += count;
    for (const { settle } of this.unconfirmed.splice(0, count)) settle(undefined);
  }

  private arrive(): void {
    if (!this.request) return;
    const { ticket, received } = this;
    if (ticket === undefined) {
      const request = { ...this.request, candidateLists: true, resume: true };
      this.socket.emit("join", request, (ack: Ack<Joined>) => this.enter(ack));
    } else {
      this.socket.emit("resume", { ticket, received }, (ack: Ack<Resumed>) => this.resume(ack));
    }
  }

  private enter(ack: Ack<Joined>): void {
    if (!ack.ok) throw new Error(`join: ${ack.error.code}`);
    this.id = ack.self.id;
    this.ticket = ack.resume?.ticket;
    this.unconfirmed = [];
    this.confirmed = 0;
    this.isSeated = true;
    this.tell("join", ack);
  }

  private resume(ack: Ack<Resumed>): void {
    if (!ack.ok) {
      this.ticket = undefined;
      if (ack.error.code !== "resume_failed") throw new Error(`resume: ${ack.error.code}`);
      this.arrive();
      return;
    }
    this.ticket = ack.resume.ticket;
    this.isSeated = true;
    if (ack.received === null) {
      this.confirm(this.unconfirmed.length);
      this.confirmed = 0;
      this.received = 0;
    } else {
      this.confirm(ack.received - this.confirmed);
    }
    for (const message of this.unconfirmed) this.put(message);
    this.tell("resume", ack);
  }

  private hear(name: string, [first, second]: unknown[]): void {
    if (name === "room_users") this.received = 0;
    const type = COUNTED[name];
    if (type === undefined) return;
    this.received++;
    const { from } = (second ?? {}) as { from?: string };
    if (type === "description") this.tell(type, { description: first, from });
    else if (type === "candidate") this.tell(type, { candidate: first, from });
    else if (type === "peerjoin") this.tell(type, { peer: first as Peer });
    else if (type !== "candidates") this.tell(type, first as object);
    else for (const candidate of first as unknown[]) this.tell("candidate", { candidate, from });
  }

  private tell(type: string, members: object): void {
    for (const listener of [...(this.listeners.get(type) ?? [])]) listener(members as never);
  }
}
