/** A server that does what a test says, word by word: for what a real one does only by chance. */

import { Server, type Socket } from "socket.io";
import { onTestFinished } from "vitest";
import { SignalingClient, type SignalingEvents } from "../../src/client/index.ts";
import type { Joined, Peer } from "../../src/protocol/messages.ts";

/** What a client has sent. */
interface Heard {
  socket: Socket;
  event: string;
  args: unknown[];
  /** Acknowledges it. */
  reply: (ack: unknown) => void;
}

const ADA: Peer = { id: "ada", name: "Ada" };

/** The answer to a join that asks for a ticket, or to a `resume` that says what was received. */
export function joined(more: object = {}): Joined & { ok: true } {
  const resume = { ticket: "first", graceMs: 30_000 };
  return {
    ok: true,
    self: ADA,
    users: [],
    iceServers: [],
    iceTransportPolicy: "all",
    resume,
    ...more,
  };
}

/** The answer to a `resume`. */
export const resumed = (received: number | null, more: object = {}) =>
  joined({ resume: { ticket: "second", graceMs: 30_000 }, received, ...more });

/**
 * Starts one on a port of its own; closed when the test ends.
 *
 * @param isOld whether it takes no notice of what goes with CONNECT
 */
export async function startScripted({ isOld = false } = {}) {
  const io = new Server(0, { transports: ["websocket"] });
  onTestFinished(() => void io.close());
  const heard: Heard[] = [];
  const waiting: (() => void)[] = [];
  const wake = () => waiting.splice(0).forEach((resolve) => void resolve());
  io.on("connection", (socket) => {
    heard.push({ socket, event: "connection", args: [], reply: () => {} });
    for (const event of isOld ? [] : ["join", "resume"]) {
      const request = socket.handshake.auth[event];
      if (request === undefined) continue;
      const reply = (ack: unknown) => void socket.emit(`${event}_result`, ack);
      heard.push({ socket, event, args: [request], reply });
    }
    socket.onAny((event: string, ...args: unknown[]) => {
      const last = args.at(-1);
      const isAsked = typeof last === "function";
      const reply = isAsked ? (ack: unknown) => void last(ack) : () => {};
      heard.push({ socket, event, args: isAsked ? args.slice(0, -1) : args, reply });
      wake();
    });
    wake();
  });
  const address = io.httpServer.address();
  const port = typeof address === "object" ? address?.port : undefined;

  /** The next that a client says; it must be this. */
  async function next(event: string): Promise<Heard> {
    for (;;) {
      const first = heard.shift();
      if (first && first.event !== event) throw new Error(`${first.event} instead of ${event}`);
      if (first) return first;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  }

  const create = (options = {}) => {
    const client = new SignalingClient(`http://127.0.0.1:${port}`, {
      transports: ["websocket"],
      ...options,
    });
    onTestFinished(() => client.close());
    return client;
  };

  return {
    io,
    /** What was said since and isn't asked for yet. */
    heard,
    next,
    create,
    /** A client with a seat, and its connection. */
    async join(options = {}) {
      const client = create(options);
      const joining = client.join("demo", { name: "Ada" });
      await next("connection");
      const { socket, args, reply } = await next("join");
      socket.emit("room_users", []);
      reply(joined());
      await joining;
      return { client, socket, request: args[0], told: record(client) };
    },
  };
}

/** Everything that a client tells from now on. */
export function record(client: SignalingClient) {
  const told: string[] = [];
  const note = (...words: unknown[]) => void told.push(words.filter(Boolean).join(" "));
  client.addEventListener("connect", ({ type }) => note(type));
  client.addEventListener("resume", ({ type, gap, users }) => {
    note(type, gap && "gap", ...users.map(({ id }) => id));
  });
  client.addEventListener("disconnect", ({ type, willReconnect }) => {
    note(type, !willReconnect && "for good");
  });
  client.addEventListener("join", ({ type, self }) => note(type, self.id));
  client.addEventListener("peerjoin", ({ type, peer }) => note(type, peer.id));
  for (const type of ["peerleave", "peeraway"] as const) {
    client.addEventListener(type, ({ id }) => note(type, id));
  }
  client.addEventListener("peerback", ({ type, id, gap }) => note(type, id, gap && "gap"));
  client.addEventListener("peermetadata", ({ type, id, metadata }) => {
    note(type, id, JSON.stringify(metadata));
  });
  return told;
}

/** The next event of this type. */
export function heardOf(client: SignalingClient, type: keyof SignalingEvents): Promise<void> {
  return new Promise((resolve) => {
    client.addEventListener(type, () => resolve(), { once: true });
  });
}
