/** The protocol's events: join, leave, disconnect, and the relay of what peers say to each other. */

import { randomUUID } from "node:crypto";
import type { Server, Socket } from "socket.io";
import type { Logger } from "./logger.ts";
import {
  type Parsed,
  parseCandidate,
  parseCandidates,
  parseDescription,
  parseJoin,
  parseTarget,
  refuse,
} from "./payloads.ts";
import type {
  Ack,
  ClientToServerEvents,
  Delivered,
  Joined,
  Peer,
  Sender,
  ServerToClientEvents,
} from "./protocol.ts";
import type { Departure, RoomRegistry } from "./rooms.ts";

export type SignalingIo = Server<ClientToServerEvents, ServerToClientEvents>;
type SignalingSocket = Socket<ClientToServerEvents, ServerToClientEvents>;
/** Sockets to emit to, as Socket.IO addresses them. */
type Receivers = ReturnType<SignalingIo["to"]>;

/** Answers one event of a client. Gets its arguments as they came, without the callback. */
type Handler = (socket: SignalingSocket, args: unknown[]) => Promise<Ack>;

/** What the events need from elsewhere. */
export interface SignalingDeps {
  rooms: RoomRegistry;
  log: Logger;
}

const REFUSALS = {
  room_full: "the room is full",
  not_in_room: "you are in no room; join one first",
  // The same words for an unknown id and one in another room: nobody learns who is elsewhere.
  peer_not_found: "there is no such peer in your room",
} as const;

/** Serves the protocol on every socket that connects to `io` from now on. */
export function registerSignaling(io: SignalingIo, { rooms, log }: SignalingDeps): void {
  const handlers = new Map<string, Handler>(
    Object.entries({
      join: (socket, [request]) => join(socket, request),
      offer: (socket, [description, target]) =>
        relay(socket, parseDescription(description), target, (receivers, ...message) =>
          receivers.emit("getOffer", ...message),
        ),
      answer: (socket, [description, target]) =>
        relay(socket, parseDescription(description), target, (receivers, ...message) =>
          receivers.emit("getAnswer", ...message),
        ),
      candidate: (socket, [candidate, target]) =>
        relay(socket, parseCandidate(candidate), target, (receivers, ...message) =>
          receivers.emit("getCandidate", ...message),
        ),
      candidates: (socket, [candidates, target]) =>
        relay(socket, parseCandidates(candidates), target, (receivers, several, sender) => {
          for (const candidate of several) receivers.emit("getCandidate", candidate, sender);
        }),
      leave: async (socket) => {
        await depart(socket.id);
        return { ok: true };
      },
    } satisfies Record<keyof ClientToServerEvents, Handler>),
  );

  io.on("connection", (socket) => {
    // A socket's events are served one after another, its disconnect last. So they stay in order,
    // and a join that is still under way when the socket goes is undone behind it.
    let last = Promise.resolve();
    const enqueue = (task: () => Promise<void>) => {
      last = last.then(task).catch((error: unknown) => void reportFault(error));
    };
    socket.onAny((event: unknown, ...args: unknown[]) => {
      // What was read together with the socket's end arrives behind it, and would take a seat for good.
      if (!socket.connected) return;
      // Socket.IO lets numbers pass for names.
      enqueue(() => serve(socket, String(event), args));
    });
    socket.on("disconnect", () => enqueue(() => depart(socket.id)));
  });

  /** Serves one event, known or not, and answers it whatever happens. */
  async function serve(socket: SignalingSocket, event: string, args: unknown[]): Promise<void> {
    const last = args.at(-1);
    const reply = typeof last === "function" ? last : undefined;
    if (reply) args.pop();
    const ack = await handle(socket, event, args);
    if (!ack.ok) log.debug({ peer: socket.id, code: ack.error.code }, "refused");
    if (reply) reply(ack);
    else if (!ack.ok) socket.emit("signal_error", { event, ...ack.error });
  }

  async function handle(socket: SignalingSocket, event: string, args: unknown[]): Promise<Ack> {
    const handler = handlers.get(event);
    if (!handler) return refuse("bad_request", "there is no such event");
    try {
      return await handler(socket, args);
    } catch (error) {
      const errorId = reportFault(error);
      return refuse("internal", `the server failed; its log has more under ${errorId}`);
    }
  }

  /** Logs an error of ours, and gives the id it is to be found under. */
  function reportFault(error: unknown): string {
    const errorId = randomUUID();
    log.error({ errorId, err: error }, "a handler failed");
    return errorId;
  }

  async function join(socket: SignalingSocket, request: unknown): Promise<Ack<Joined>> {
    const parsed = parseJoin(request);
    if (!parsed.ok) return parsed;
    const { room, name } = parsed.value;
    const self: Peer = { id: socket.id, name };
    const outcome = await rooms.join(self, room);
    if (!outcome.ok) return refuse(outcome.reason, REFUSALS[outcome.reason]);
    const { others, rejoined, departure } = outcome;
    announceExit(socket.id, departure);
    if (!rejoined) {
      log.info({ peer: socket.id, room, peers: others.length + 1 }, "joined");
      to(others)?.emit("user_joined", self);
    }
    socket.emit("room_users", others);
    return { ok: true, self, users: others, iceServers: [], iceTransportPolicy: "all" };
  }

  async function depart(id: string): Promise<void> {
    announceExit(id, await rooms.leave(id));
  }

  function announceExit(id: string, departure: Departure | undefined): void {
    if (!departure) return;
    log.info({ peer: id, room: departure.room, peers: departure.remaining.length }, "left");
    to(departure.remaining)?.emit("user_exit", { id });
  }

  /** What offer, answer and candidate have in common: `send` gets those the payload is for. */
  async function relay<T>(
    socket: SignalingSocket,
    payload: Parsed<T>,
    target: unknown,
    send: (receivers: Receivers, payload: T, sender: Sender) => void,
  ): Promise<Ack<Delivered>> {
    if (!payload.ok) return payload;
    const addressee = parseTarget(target);
    if (!addressee.ok) return addressee;
    const route = await rooms.route(socket.id, addressee.value);
    if (!route.ok) return refuse(route.reason, REFUSALS[route.reason]);
    const receivers = to(route.receivers);
    if (receivers) send(receivers, payload.value, { from: socket.id });
    return { ok: true, delivered: route.receivers.length };
  }

  /**
   * Addresses exactly these peers, each by its own channel. Rooms are never given to Socket.IO:
   * the registry alone says who is where. Nobody is nobody; Socket.IO reads `[]` as everyone.
   */
  function to(peers: readonly Peer[]): Receivers | undefined {
    return peers.length > 0 ? io.to(peers.map((peer) => peer.id)) : undefined;
  }
}
