/** Handling of a socket's events: limits, the queue, acknowledgements and errors. */

import { randomUUID } from "node:crypto";
import type { DefaultEventsMap, Server, Socket } from "socket.io";
import type { Claims } from "../auth/authenticator.ts";
import type { FloodGuard } from "../connections/flood.ts";
import { steadyNow } from "../connections/rate-limit.ts";
import { createFaultLog } from "../connections/sparse-log.ts";
import { createTurnShare, inLaterTurn } from "../connections/turns.ts";
import type { Logger } from "../log/logger.ts";
import type { Monitor } from "../monitoring/monitor.ts";
import type { Ack, ClientToServerEvents, ServerToClientEvents } from "../protocol/messages.ts";
import { refuse } from "../protocol/parse.ts";
import { costOf } from "./costs.ts";

/** The data of a socket. */
interface SocketData {
  /** The claims of its token, or from `authorize`; undefined if neither is required. */
  claims?: Claims;
  /** How many counted events have arrived, refused ones included. */
  arrived: number;
  /** Resolves when every event that has arrived so far is handled. */
  idle: Promise<void>;
  /** Whether its connection was closed such that its client comes back, as if it had been lost. */
  comesBack?: boolean;
  /** Whether its peer's seat is another node's, or nobody's. */
  hasNoSeat?: boolean;
  /** Whether its heartbeats confirm what its peer was sent. */
  isFollowed?: boolean;
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

/** Sends the answer, and does what must follow it in the same step. */
export type Respond = (send: (ack: Ack) => void) => void;

/**
 * Handles one event. Gets its unparsed arguments, without the callback, and how many counted events had arrived
 * before it; resolves with the answer.
 */
export type Handler = (
  socket: SignalingSocket,
  args: unknown[],
  arrivedBefore: number,
) => Promise<Ack | Respond>;

/** Dependencies of serving. */
export interface SocketDeps {
  handlers: ReadonlyMap<string, Handler>;
  /** Called when a socket has disconnected, after its last event was handled. */
  onGone: (socket: SignalingSocket, reason: string) => Promise<void>;
  floods: FloodGuard;
  monitor: Monitor | undefined;
  /** The id of the peer with this connection. */
  idOf: (socket: SignalingSocket) => string;
  /** Logs an error of the server and returns its id in the log. */
  reportFault: (error: unknown) => string;
  log: Logger;
}

/** The events that both sides count, to go on where they were after a resume. */
const COUNTED: ReadonlySet<string> = new Set<keyof ClientToServerEvents>([
  "offer",
  "answer",
  "candidate",
  "candidates",
]);
/** What the events of a socket that are handled in one turn of the event loop may cost. */
const COST_PER_TURN = 20;

/** Serves `handlers` on every socket that connects to `io` from now on. */
export function serveSockets(io: SignalingIo, deps: SocketDeps): void {
  const { handlers, onGone, floods, monitor, idOf, reportFault, log } = deps;

  io.on("connection", (socket) => {
    // The allowance belongs to the connection: another socket on it gets no new one.
    const connection = floods.of(socket.conn);
    // Socket.IO accepts several CONNECT packets in one payload, but delivers to the last socket only.
    if (connection.socket?.connected) return socket.conn.close(true);
    connection.socket = socket;
    // A socket's events are handled one after another, its disconnect last. So they stay in order, and
    // a join that is in progress when the socket disconnects is undone afterwards.
    socket.data.idle = Promise.resolve();
    socket.data.arrived = 0;
    const isWithinShare = createTurnShare(COST_PER_TURN);
    const enqueue = (task: () => Promise<void>) => {
      socket.data.idle = runAfter(socket.data.idle, task);
    };
    socket.onAny((name: unknown, ...args: unknown[]) => {
      // Socket.IO also emits events that arrive in one payload behind the disconnect.
      if (!socket.connected) return;
      const event = String(name);
      const arrivedAtMs = steadyNow();
      const arrivedBefore = socket.data.arrived;
      if (COUNTED.has(event)) socket.data.arrived++;
      // Checked on arrival, so that a flood doesn't grow the queue.
      const cost = costOf(event, args);
      const allowance = connection.events.take(cost);
      if (allowance.ok) {
        return enqueue(async () => {
          if (!isWithinShare(cost)) await new Promise<void>(inLaterTurn);
          await serve(socket, event, args, arrivedBefore, arrivedAtMs);
        });
      }
      const { waitMs } = allowance;
      const { error } = refuse("rate_limited", `too many events; try again in ${waitMs} ms`);
      const refused = { ok: false as const, error: { ...error, retryAfterMs: waitMs } };
      answer(socket, event, takeReply(args), refused);
      note(socket, event, args, refused, arrivedAtMs);
    });
    socket.on("disconnect", (reason) =>
      enqueue(() => {
        if (connection.cutOff) monitor?.peerCutOff(idOf(socket), connection.cutOff);
        return onGone(socket, reason);
      }),
    );
  });

  /** Never rejects, so that the queue goes on. */
  async function runAfter(previous: Promise<void>, task: () => Promise<void>): Promise<void> {
    await previous;
    try {
      await task();
    } catch (error) {
      reportFault(error);
    }
  }

  /** Handles one event, known or not, and answers it in any case. */
  async function serve(
    socket: SignalingSocket,
    event: string,
    args: unknown[],
    arrivedBefore: number,
    arrivedAtMs: number,
  ): Promise<void> {
    const reply = takeReply(args);
    const send = (ack: Ack) => {
      answer(socket, event, reply, ack);
      note(socket, event, args, ack, arrivedAtMs);
    };
    try {
      const handler = handlers.get(event);
      if (!handler) return send(refuse("bad_request", "there is no such event"));
      const outcome = await handler(socket, args, arrivedBefore);
      if (typeof outcome === "function") outcome(send);
      else send(outcome);
    } catch (error) {
      const errorId = reportFault(error);
      send(refuse("internal", `the server failed; its log has more under ${errorId}`));
    }
  }

  function note(
    socket: SignalingSocket,
    event: string,
    args: readonly unknown[],
    ack: Ack,
    arrivedAtMs: number,
  ): void {
    if (!monitor) return;
    const known = handlers.has(event) ? event : "unknown";
    const tookMs = steadyNow() - arrivedAtMs;
    monitor.answered({ id: idOf(socket), event: known, args, ack, tookMs });
  }

  function answer(socket: SignalingSocket, event: string, reply: unknown, ack: Ack): void {
    if (!ack.ok) log.debug({ peer: socket.id, code: ack.error.code }, "refused");
    if (typeof reply === "function") reply(ack);
    else if (!ack.ok) socket.emit("signal_error", { event, ...ack.error });
  }
}

/** Creates a function that logs an error of the server and returns its id in the log. */
export function createFaultReport(log: Logger, monitor?: Monitor): (error: unknown) => string {
  const logFault = createFaultLog(log);
  return (error) => {
    const errorId = randomUUID();
    monitor?.fault();
    logFault({ errorId, err: error }, "a handler failed");
    return errorId;
  };
}

/** Takes the acknowledgement callback off the arguments, if there is one. */
function takeReply(args: unknown[]): unknown {
  return typeof args.at(-1) === "function" ? args.pop() : undefined;
}
