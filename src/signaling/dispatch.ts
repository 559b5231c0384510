/** Handling of a socket's events: limits, the queue, acknowledgements and errors. */

import { randomUUID } from "node:crypto";
import type { FloodGuard } from "../connections/flood.ts";
import { steadyNow } from "../connections/rate-limit.ts";
import { createFaultLog } from "../connections/sparse-log.ts";
import { inLaterTurn, TurnShare } from "../connections/turns.ts";
import type { Logger } from "../log/logger.ts";
import type { Monitor } from "../monitoring/monitor.ts";
import type { Ack, ClientToServerEvents } from "../protocol/messages.ts";
import { refuse } from "../protocol/parse.ts";
import { costOf } from "./costs.ts";
import type { Handler, Send, SignalingIo, SignalingSocket } from "./socket.ts";

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

/** Handles an event that has arrived on a connected socket. `args` is without the callback. */
export type Arrive = (
  socket: SignalingSocket,
  name: string,
  args: unknown[],
  reply: Send | undefined,
) => void;

/** An event on its way through the server. */
interface Event {
  readonly socket: SignalingSocket;
  readonly name: string;
  readonly args: unknown[];
  /** Undefined if nobody waits for an answer. */
  readonly reply: Send | undefined;
  /** How many counted events had arrived before. */
  readonly before: number;
  readonly atMs: number;
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

/** Serves `handlers` on every socket that connects to `io` from now on. Returns what handles one event. */
export function serveSockets(io: SignalingIo, deps: SocketDeps): Arrive {
  const { handlers, onGone, floods, monitor, idOf, reportFault, log } = deps;

  io.on("connection", (socket) => {
    // The allowance belongs to the connection: another socket on it gets no new one.
    const connection = floods.of(socket.conn);
    // Socket.IO accepts several CONNECT packets in one payload, but delivers to the last socket only.
    if (connection.socket?.connected) return socket.conn.close(true);
    connection.socket = socket;
    const { data } = socket;
    data.arrived = 0;
    data.underWay = 0;
    data.idle = Promise.resolve();
    data.share = new TurnShare(COST_PER_TURN);
    socket.onAny((name: unknown, ...args: unknown[]) => {
      // Socket.IO also emits events that arrive in one payload behind the disconnect.
      if (socket.connected) arrive(socket, String(name), args, takeReply(args));
    });
    socket.on("disconnect", (reason) =>
      enqueue(socket, () => {
        if (connection.cutOff) monitor?.peerCutOff(idOf(socket), connection.cutOff);
        return onGone(socket, reason);
      }),
    );
    // What CONNECT brings along has arrived as well.
    for (const event of ["join", "resume"] as const) {
      const request: unknown = socket.handshake.auth[event];
      if (request === undefined) continue;
      arrive(socket, event, [request], (ack) => socket.emit(`${event}_result`, ack));
    }
  });
  return arrive;

  function arrive(
    socket: SignalingSocket,
    name: string,
    args: unknown[],
    reply: Send | undefined,
  ): void {
    const { data } = socket;
    const arrived = { socket, name, args, reply, before: data.arrived, atMs: steadyNow() };
    if (COUNTED.has(name)) data.arrived++;
    // Checked on arrival, so that a flood doesn't grow the queue.
    const cost = costOf(name, args);
    const allowance = floods.of(socket.conn).events.take(cost);
    if (!allowance.ok) {
      const { waitMs } = allowance;
      const { error } = refuse("rate_limited", `too many events; try again in ${waitMs} ms`);
      answer(arrived, { ok: false, error: { ...error, retryAfterMs: waitMs } });
    } else if (data.underWay === 0 && data.share.use(cost)) {
      follow(socket, attempt(arrived));
    } else {
      enqueue(socket, async () => {
        if (!data.share.use(cost)) await new Promise<void>(inLaterTurn);
        await serve(arrived);
      });
    }
  }

  /**
   * A socket's events are handled one after another, its disconnect last. So they stay in order, and a join that is in
   * progress when the socket disconnects is undone afterwards.
   */
  function enqueue(socket: SignalingSocket, task: () => Promise<void>): void {
    follow(socket, socket.data.idle.then(task).catch(reportFault));
  }

  /** What comes next on this socket waits for `handled`, which never rejects; undefined if it is done already. */
  function follow({ data }: SignalingSocket, handled: Promise<unknown> | undefined): void {
    if (!handled) return;
    data.underWay++;
    data.idle = handled.then(() => {
      data.underWay--;
    });
  }

  function attempt(event: Event): Promise<unknown> | undefined {
    try {
      return serve(event)?.catch(reportFault);
    } catch (error) {
      reportFault(error);
      return undefined;
    }
  }

  /** Handles one event, known or not, and answers it in any case. */
  function serve(event: Event): Promise<void> | undefined {
    const send: Send = (ack) => answer(event, ack);
    const fail = (error: unknown) => {
      const errorId = reportFault(error);
      send(refuse("internal", `the server failed; its log has more under ${errorId}`));
    };
    const { socket, name, args, before } = event;
    const handler = handlers.get(name) ?? handleUnknown;
    try {
      const outcome = handler(socket, args, { before, send });
      if (outcome instanceof Promise) return outcome.then((ack) => ack && send(ack)).catch(fail);
      if (outcome) send(outcome);
    } catch (error) {
      fail(error);
    }
    return undefined;
  }

  function answer({ socket, name, args, reply, atMs }: Event, ack: Ack): void {
    if (!ack.ok) log.debug({ peer: socket.id, code: ack.error.code }, "refused");
    if (reply) reply(ack);
    else if (!ack.ok) socket.emit("signal_error", { event: name, ...ack.error });
    if (!monitor) return;
    const event = handlers.has(name) ? name : "unknown";
    monitor.answered({ id: idOf(socket), event, args, ack, tookMs: steadyNow() - atMs });
  }
}

const handleUnknown: Handler = () => refuse("bad_request", "there is no such event");

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
function takeReply(args: unknown[]): Send | undefined {
  const last = args.at(-1);
  if (typeof last !== "function") return undefined;
  args.pop();
  return (ack) => last(ack);
}
