/** Floods: what one connection may send, what becomes of one that sends more, and what it leaves to its address. */

import type { Socket } from "socket.io";
import type { Logger } from "../logger.ts";
import { createDebts } from "./debts.ts";
import type { Place } from "./limits.ts";
import { createRateLimiter, type RateLimiter, steadyNow } from "./rate-limit.ts";
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

/** What of an Engine.IO packet is looked at. */
interface Packet {
  data?: unknown;
}

/**
 * Bytes of a packet that cost as much as an event. An sdp of 4 KiB costs one event, and with all around it less than
 * two of these. So who keeps to the first allowance keeps to the second, which is twice as large.
 */
const PACKET_BYTES = 2_560;
/** A token has to be checked for it, so it costs as much as `join`. */
const CONNECT_COST = 10;
/** What a connection has of the second allowance, whatever its address owes: to connect, and to ask for a room. */
const START_COST = 2 * CONNECT_COST;
/** For how long the place of a flooder stays taken: each connection would bring a new allowance. */
const FLOOD_PENALTY_MS = 30_000;
/** How long a goodbye may take before a connection is cut. */
const GOODBYE_MS = 1_000;

/** Creates the guard. It stops nobody where the limits are 0. */
export function createFloodGuard(limits: TrafficLimits, log: Logger): FloodGuard {
  const first = { perSecond: limits.eventsPerSecond, burst: limits.eventBurst };
  // Whatever comes, frames that are no events among it; who doesn't heed refusals empties this.
  const second = { perSecond: 2 * first.perSecond, burst: 2 * first.burst };
  const mostOwedMs = (1_000 * (second.burst - START_COST)) / second.perSecond;
  const connections = new WeakMap<Connection, Guarded>();
  const debts = createDebts(steadyNow);

  function watch(connection: Connection, place: Place | undefined): void {
    const { address } = place ?? {};
    const owed = address === undefined ? undefined : debts.of(address);
    const events = createRateLimiter(first, steadyNow, owed?.eventsFullAtMs);
    const packets = createRateLimiter(
      second,
      steadyNow,
      owed && Math.min(owed.packetsFullAtMs, steadyNow() + mostOwedMs),
    );
    const guarded: Guarded = { events };
    connections.set(connection, guarded);
    let hasFlooded = false;
    const cutOff = () => {
      // Probes that came together with the one too many.
      if (hasFlooded) return;
      log.info({ peer: guarded.socket?.id }, "cut off: it sends too much");
      hasFlooded = true;
      hangUp(connection, guarded.socket);
    };
    // Engine.IO tells of a packet before Socket.IO gets to parse it.
    connection.on("packet", (packet: Packet) => {
      if (!packets.take(costOf(packet)).ok) cutOff();
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
      if (address !== undefined) {
        const [eventsFullAtMs, packetsFullAtMs] = [events.fullAtMs(), packets.fullAtMs()];
        debts.leave(address, { eventsFullAtMs, packetsFullAtMs });
      }
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

/** What a packet takes of the second allowance: as much as its size takes to parse. */
function costOf({ data }: Packet): number {
  if (data instanceof Uint8Array) return Math.max(1, data.byteLength / PACKET_BYTES);
  if (typeof data !== "string") return 1;
  // Socket.IO reads a packet's type like this: a blank is 0 too, which is CONNECT.
  const least = Number(data.charAt(0)) === 0 ? CONNECT_COST : 1;
  return Math.max(least, Buffer.byteLength(data) / PACKET_BYTES);
}

/** Ends a connection such that socket.io-client doesn't come back at once. */
function hangUp(connection: Connection, socket: Guarded["socket"]): void {
  if (socket?.connected) socket.disconnect(true);
  else connection.close(true);
  setTimeout(() => connection.close(true), GOODBYE_MS).unref();
}
