/** A peer that does things to its seat all at once, over bare WebSockets. */

import type { Socket } from "node:net";
import { WebSocket } from "ws";
import type { Ack, Resumption } from "../../../src/protocol/messages.ts";

/** The events that are counted, from `room_users` on. */
const COUNTED = new Set([
  ...["getOffer", "getAnswer", "getCandidate", "getCandidates"],
  ...["user_joined", "user_exit", "user_away", "user_back"],
]);

/** The answer to any event, as far as it is looked at. */
export type Answer = Ack<{
  self: { id: string };
  users: { id: string }[];
  resume?: Resumption;
  received?: number | null;
  delivered?: number;
}>;

/** Told every event, and every answer as `answer`, in the order in which they come. */
type OnEvent = (name: string, args: unknown[]) => void;

/** One connection. */
export class Wire {
  readonly closed: Promise<unknown>;
  readonly ws: WebSocket;
  private readonly onEvent: OnEvent;
  private readonly answers = new Map<number, (answer: Answer | undefined) => void>();
  private asked = 0;

  static async open(url: string, onEvent: OnEvent = () => {}): Promise<Wire> {
    const wire = new Wire(url, onEvent);
    const connected = new Promise<void>((resolve) => {
      wire.ws.on("message", (data) => String(data).startsWith("40") && resolve());
    });
    wire.ws.once("open", () => wire.ws.send("40"));
    await Promise.race([connected, wire.closed]);
    return wire;
  }

  private constructor(url: string, onEvent: OnEvent) {
    const address = `${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`;
    this.ws = new WebSocket(address, { perMessageDeflate: false });
    this.onEvent = onEvent;
    // A reset is an end as good as any.
    this.ws.on("error", () => {});
    this.ws.on("message", (data) => this.receive(String(data)));
    this.closed = new Promise<void>((resolve) => {
      this.ws.once("close", () => {
        for (const answer of this.answers.values()) answer(undefined);
        resolve();
      });
    });
  }

  get isOpen(): boolean {
    return this.ws.readyState === WebSocket.OPEN;
  }

  /** Resolves with the answer, or with nothing when the connection ends before. */
  ask(event: string, ...args: unknown[]): Promise<Answer | undefined> {
    if (!this.isOpen) return Promise.resolve(undefined);
    const id = this.asked++;
    const answer = new Promise<Answer | undefined>((resolve) => this.answers.set(id, resolve));
    this.ws.send(`42${id}${JSON.stringify([event, ...args])}`);
    return answer;
  }

  send(packet: string): void {
    if (this.isOpen) this.ws.send(packet);
  }

  /** Ends it in one of the ways in which connections are lost. */
  lose(how: "reset" | "end" | "close"): void {
    // One that is ending would never emit "close" after a reset: Node forgets it when libuv refuses (EINVAL).
    if (!this.isOpen) return;
    const { _socket: socket } = this.ws as unknown as { _socket: Socket };
    if (how === "close") this.ws.close();
    else if (how === "end") this.ws.terminate();
    else socket.resetAndDestroy();
  }

  private receive(packet: string): void {
    const [, id, answer = ""] = /^43(\d+)(.*)$/s.exec(packet) ?? [];
    if (packet === "2") this.send("3");
    else if (id !== undefined) {
      const args = JSON.parse(answer);
      this.onEvent("answer", args);
      this.answers.get(Number(id))?.(args[0]);
      this.answers.delete(Number(id));
    } else if (packet.startsWith("42")) {
      const [name, ...args] = JSON.parse(packet.slice(2));
      this.onEvent(name, args);
    }
  }
}

/** A peer with a seat, its tickets and all the connections that it has had. */
export class Racer {
  id = "";
  /** The newest last. */
  readonly tickets: string[] = [];
  private readonly nextUrl: () => string;
  private readonly onEvent: OnEvent;
  private readonly wires: Wire[] = [];
  private received = 0;

  /** @param url where to connect: the same each time, or asked for each time */
  constructor(url: string | (() => string), onEvent: OnEvent = () => {}) {
    this.nextUrl = typeof url === "string" ? () => url : url;
    this.onEvent = onEvent;
  }

  get wire(): Wire | undefined {
    return this.wires.at(-1);
  }

  /** Joins over the connection that it has, or a new one. */
  async join(room: string, { resume = true } = {}): Promise<Answer | undefined> {
    const wire = this.wire?.isOpen ? this.wire : await this.connect();
    const answer = await wire.ask("join", { room, resume });
    if (!answer?.ok) return answer;
    this.id = answer.self.id;
    this.keep(answer);
    return answer;
  }

  /** Takes the seat over, by the newest ticket or one before it. */
  async resume({ back = 0, received = this.received } = {}): Promise<Answer | undefined> {
    const ticket = this.tickets.at(-1 - back);
    if (ticket === undefined) return undefined;
    const wire = await this.connect();
    const answer = await wire.ask("resume", { ticket, received });
    if (answer?.ok) this.keep(answer);
    return answer;
  }

  lose(how: "reset" | "end" | "close"): void {
    this.wire?.lose(how);
  }

  /** Loses every connection, in the same way. */
  async vanish(how: "reset" | "end" | "close"): Promise<void> {
    await Promise.all(
      this.wires.map((wire) => {
        wire.lose(how);
        return wire.closed;
      }),
    );
  }

  private async connect(): Promise<Wire> {
    const wire = await Wire.open(this.nextUrl(), (name, args) => {
      if (COUNTED.has(name)) this.received++;
      if (name === "room_users") this.received = 0;
      this.onEvent(name, args);
    });
    this.wires.push(wire);
    return wire;
  }

  private keep({ resume }: { resume?: Resumption }): void {
    if (resume) this.tickets.push(resume.ticket);
  }
}
