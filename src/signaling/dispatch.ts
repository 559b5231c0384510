/** What happens around every event: a socket's events are served one by one, within its limits. */

import { randomUUID } from "node:crypto";
import type { DefaultEventsMap, Server, Socket } from "socket.io";
import type { Claims } from "../auth/authenticator.ts";
import type { FloodGuard } from "../connections/flood.ts";
import type { Logger } from "../logger.ts";
import type { Ack, ClientToServerEvents, ServerToClientEvents } from "../protocol/messages.ts";
import { refuse } from "../protocol/parse.ts";

/** What is known of a socket besides its seat. */
interface SocketData {
  /** What its token says, or the application, where one of them is asked. */
  claims?: Claims;
}

export type SignalingIo = Server<
  ClientToServerEvents,
  ServerToClientEvents,
  DefaultEventsMap,
  SocketData
>;
export type SignalingSocket = Socket<
  ClientToServerEvents,
  ServerToClientEvents,
  DefaultEventsMap,
  SocketData
>;

/** Answers one event of a client. Gets its arguments as they came, without the callback. */
export type Handler = (socket: SignalingSocket, args: unknown[]) => Promise<Ack>;

/** What serving needs from elsewhere. */
export interface SocketDeps {
  handlers: ReadonlyMap<string, Handler>;
  /** Called when a socket is gone, after its last event. */
  onGone: (id: string) => Promise<void>;
  floods: FloodGuard;
  /** Logs an error of ours and gives the id it is to be found under. */
  reportFault: (error: unknown) => string;
  log: Logger;
}

/** What an event takes of a connection's allowance, where that isn't 1: what others pay for too. */
const COSTS = new Map([
  ["join", 10],
  ["refresh_token", 10],
]);
/** As much of a description costs as much as a candidate. */
const SDP_BYTES_PER_EVENT = 4_096;

/** Serves `handlers` on every socket that connects to `io` from now on. */
export function serveSockets(io: SignalingIo, deps: SocketDeps): void {
  const { handlers, onGone, floods, reportFault, log } = deps;

  io.on("connection", (socket) => {
    // The allowance is the connection's: a socket that leaves and comes again on it brings no new one.
    const connection = floods.of(socket.conn);
    // Asked for in one breath, Socket.IO makes any number; only the last would hear anything.
    if (connection.socket?.connected) return socket.conn.close(true);
    connection.socket = socket;
    // A socket's events are served one after another, its disconnect last. So they stay in order,
    // and a join that is still under way when the socket goes is undone behind it.
    let last = Promise.resolve();
    const enqueue = (task: () => Promise<void>) => {
      last = runAfter(last, task);
    };
    socket.onAny((name: unknown, ...args: unknown[]) => {
      // Socket.IO calls this for what came in one packet with the goodbye too: a ghost's join.
      if (!socket.connected) return;
      const event = String(name);
      // Decided as it arrives: a flood must not grow the queue.
      const allowance = connection.events.take(costOf(event, args));
      if (allowance.ok) return enqueue(() => serve(socket, event, args));
      const { waitMs } = allowance;
      const { error } = refuse("rate_limited", `too many events; try again in ${waitMs} ms`);
      const refused = { ok: false as const, error: { ...error, retryAfterMs: waitMs } };
      answer(socket, event, takeReply(args), refused);
    });
    socket.on("disconnect", () => enqueue(() => onGone(socket.id)));
  });

  /** Never rejects, so that the next in the queue has its turn. */
  async function runAfter(previous: Promise<void>, task: () => Promise<void>): Promise<void> {
    await previous;
    try {
      await task();
    } catch (error) {
      reportFault(error);
    }
  }

  /** Serves one event, known or not, and answers it whatever happens. */
  async function serve(socket: SignalingSocket, event: string, args: unknown[]): Promise<void> {
    const reply = takeReply(args);
    let ack: Ack;
    try {
      const handler = handlers.get(event);
      ack = handler ? await handler(socket, args) : refuse("bad_request", "there is no such event");
    } catch (error) {
      const errorId = reportFault(error);
      ack = refuse("internal", `the server failed; its log has more under ${errorId}`);
    }
    answer(socket, event, reply, ack);
  }

  function answer(socket: SignalingSocket, event: string, reply: unknown, ack: Ack): void {
    if (!ack.ok) log.debug({ peer: socket.id, code: ack.error.code }, "refused");
    if (typeof reply === "function") reply(ack);
    else if (!ack.ok) socket.emit("signal_error", { event, ...ack.error });
  }
}

/** Creates what logs an error of ours and gives the id it is to be found under. */
export function createFaultReport(log: Logger): (error: unknown) => string {
  return (error) => {
    const errorId = randomUUID();
    log.error({ errorId, err: error }, "a handler failed");
    return errorId;
  };
}

/**
 * What an event takes of the allowance: a list of candidates as much as its candidates one by one, a
 * description by its size, so that nobody can fill another's queue with large ones.
 */
function costOf(event: string, [payload]: unknown[]): number {
  const cost = COSTS.get(event) ?? 1;
  if (event === "candidates" && Array.isArray(payload)) {
    return Math.max(cost, payload.length);
  }
  // A join may have an sdp too, and become no cheaper by it.
  if (payload instanceof Object && "sdp" in payload && typeof payload.sdp === "string") {
    return Math.max(cost, Math.ceil((1 + Buffer.byteLength(payload.sdp)) / SDP_BYTES_PER_EVENT));
  }
  return cost;
}

/** Takes the acknowledgement callback off the arguments, if there is one. */
function takeReply(args: unknown[]): unknown {
  return typeof args.at(-1) === "function" ? args.pop() : undefined;
}
