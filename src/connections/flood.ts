/** Floods: what one connection may send, and what becomes of one that sends more. */

import type { Socket } from "socket.io";
import type { Logger } from "../logger.ts";
import type { Place } from "./limits.ts";
import { createRateLimiter, type RateLimiter } from "./rate-limit.ts";
import { boundQueue, type QueueLimits } from "./send-queue.ts";

/** The Engine.IO connection that a socket lives on; it may carry several, one after another. */
export type Connection = Socket["conn"];

/** What one client may send, and what may wait for it. */
export interface TrafficLimits extends QueueLimits {
  /** 0 sets no limit. */
  readonly eventsPerSecond: number;
  readonly eventBurst: number;
}

/** What is known of a connection. */
interface Guarded {
  /** Its first allowance: events that go over it are refused. */
  readonly events: RateLimiter;
  /** The socket on it, once there is one. */
  socket?: {
    readonly id: string;
    readonly connected: boolean;
    disconnect(close: boolean): unknown;
  };
}

/** Watches connections, and cuts off those that flood the server or don't read. */
export interface FloodGuard {
  /** Begins to watch a connection. `place` is given back when it has ended, and later after a flood. */
  watch(connection: Connection, place: Place | undefined): void;
  /** What is known of a connection that is watched. */
  of(connection: Connection): Guarded;
}

/** For how long the place of a flooder stays taken: each connection would bring a new allowance. */
const FLOOD_PENALTY_MS = 30_000;
/** How long a goodbye may take before a connection is cut. */
const GOODBYE_MS = 1_000;

const nowMs = () => performance.now();

/** Creates the guard. It stops nobody where the limits are 0. */
export function createFloodGuard(limits: TrafficLimits, log: Logger): FloodGuard {
  const first = { perSecond: limits.eventsPerSecond, burst: limits.eventBurst };
  // Whatever comes, frames that are no events among it; who doesn't heed refusals empties this.
  const second = { perSecond: 2 * first.perSecond, burst: 2 * first.burst };
  const connections = new WeakMap<Connection, Guarded>();

  function watch(connection: Connection, place: Place | undefined): void {
    const events = createRateLimiter(first, nowMs);
    const packets = createRateLimiter(second, nowMs);
    const guarded: Guarded = { events };
    connections.set(connection, guarded);
    let hasFlooded = false;
    const cutOff = () => {
      log.info({ peer: guarded.socket?.id }, "cut off: it sends too much");
      hasFlooded = true;
      hangUp(connection, guarded.socket);
    };
    connection.on("packet", () => {
      if (!packets.take(1).ok) cutOff();
    });
    // The WebSocket that polling is to change over to: its probes are answered before it is the connection's.
    connection.on("upgrading", (probed: { close: () => void }) => {
      if (packets.take(1).ok) return;
      probed.close();
      cutOff();
    });
    boundQueue(connection, limits, () => {
      log.info({ peer: guarded.socket?.id }, "cut off: it reads too slowly");
      // A goodbye would only wait behind the rest.
      connection.close(true);
    });
    connection.on("close", () => {
      if (hasFlooded) setTimeout(() => place?.release(), FLOOD_PENALTY_MS).unref();
      else place?.release();
    });
  }

  function of(connection: Connection): Guarded {
    const guarded = connections.get(connection);
    if (!guarded) throw new Error("a connection that nobody watches");
    return guarded;
  }

  return { watch, of };
}

/** Ends a connection such that socket.io-client doesn't come back at once. */
function hangUp(connection: Connection, socket: Guarded["socket"]): void {
  if (socket?.connected) socket.disconnect(true);
  else connection.close(true);
  setTimeout(() => connection.close(true), GOODBYE_MS).unref();
}
