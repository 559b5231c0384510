/** Flood protection: what a connection may send, and what may wait for it, before it is cut off. */

import type { Socket } from "socket.io";
import type { Logger } from "../log/logger.ts";
import type { CutOff, Monitor } from "../monitoring/monitor.ts";
import { createDebts } from "./debts.ts";
import { PENALTY_MS, type Place } from "./limits.ts";
import { RateLimiter, steadyNow } from "./rate-limit.ts";
import { boundQueue, type Queued, type QueueLimits } from "./send-queue.ts";

/** The Engine.IO connection under a socket. It may carry several sockets, one after another. */
export type Connection = Socket["conn"];

/** Limits of what one client may send, and of what may be queued for it. */
export interface TrafficLimits extends QueueLimits {
  /** 0 sets no limit. */
  readonly eventsPerSecond: number;
  readonly eventBurst: number;
}

/** The state of a watched connection. */
interface Guarded {
  /** The first allowance: events over it are refused. */
  readonly events: RateLimiter;
  /** What counts as its address; undefined if addresses have no limit. */
  readonly address: string | undefined;
  /** What waits for its client. */
  readonly queued: Queued;
  /** Why it was cut off, if it was. */
  cutOff?: CutOff;
  /** The current socket, once there is one. */
  socket?: {
    readonly id: string;
    readonly connected: boolean;
    disconnect(close: boolean): unknown;
  };
}

/** Watches connections; cuts off clients that send too much or read too slowly. */
export interface FloodGuard {
  /** Starts to watch a connection. Releases `place` when it has ended; after a flood, 30 s later. */
  watch(connection: Connection, place: Place | undefined): void;
  /** The state of a watched connection. */
  of(connection: Connection): Guarded;
  /** The connections that are open. */
  readonly open: ReadonlySet<Connection>;
  /** Counts the bytes of a message to a client that Engine.IO doesn't announce; undefined if nobody wants to know. */
  readonly countSent: ((bytes: number) => void) | undefined;
}

/** The member of an Engine.IO packet that is used here. */
interface Packet {
  data?: unknown;
}

/**
 * Bytes of a packet that cost 1. An sdp of 4 KiB costs one event, and its packet less than 2 packets. So a client that
 * keeps to the first allowance keeps to the second, which is twice as large.
 */
const PACKET_BYTES = 2_560;
/** As much as `join`, since a token may have to be checked. */
const CONNECT_COST = 10;
/** The least that a new connection has of the second allowance, whatever its address owes: CONNECT and `join`. */
const START_COST = 2 * CONNECT_COST;
/** A place is held for at least this long, which bounds how often an address can connect. */
const MIN_HELD_MS = 1_000;
/** How long a disconnect may take before the connection is cut. */
const DISCONNECT_TIMEOUT_MS = 1_000;

/** Creates the guard. A limit of 0 is none. */
export function createFloodGuard(
  limits: TrafficLimits,
  { monitor, log }: { monitor: Monitor | undefined; log: Logger },
): FloodGuard {
  const first = { perSecond: limits.eventsPerSecond, burst: limits.eventBurst };
  // Counts every packet, events or not. A client that keeps sending refused events empties it.
  const second = { perSecond: 2 * first.perSecond, burst: 2 * first.burst };
  const mostOwedMs = (1_000 * (second.burst - START_COST)) / second.perSecond;
  const connections = new WeakMap<Connection, Guarded>();
  const open = new Set<Connection>();
  const debts = createDebts(steadyNow);
  const countSent =
    monitor &&
    ((bytes: number) => {
      monitor.sentBytes += bytes;
    });

  function watch(connection: Connection, place: Place | undefined): void {
    const { address } = place ?? {};
    const openedAtMs = steadyNow();
    const owed = address === undefined ? undefined : debts.of(address);
    const events = new RateLimiter(first, steadyNow, owed?.eventsFullAtMs);
    const packets = new RateLimiter(
      second,
      steadyNow,
      owed && Math.min(owed.packetsFullAtMs, steadyNow() + mostOwedMs),
    );
    const onOverflow = () => {
      log.info({ peer: guarded.socket?.id }, "cut off: it reads too slowly");
      note(guarded, "slow");
      // A disconnect packet would only be queued behind the others.
      connection.close(true);
    };
    const queued = boundQueue(connection, limits, onOverflow, countSent);
    const guarded: Guarded = { events, address, queued };
    connections.set(connection, guarded);
    open.add(connection);
    const cutOff = () => {
      // More packets may follow in the same turn.
      if (guarded.cutOff) return;
      log.info({ peer: guarded.socket?.id }, "cut off: it sends too much");
      note(guarded, "flood");
      disconnect(connection, guarded.socket);
    };
    // Engine.IO emits this before Socket.IO parses the packet.
    connection.on("packet", (packet: Packet) => {
      const bytes = sizeOf(packet);
      if (monitor) monitor.receivedBytes += bytes;
      if (!packets.take(costOf(packet, bytes)).ok) cutOff();
    });
    // Emitted for each probe of an upgrade from polling. Probes don't count as packets of the connection.
    connection.on("upgrading", (probed: { close: () => void }) => {
      if (packets.take(1).ok) return;
      probed.close();
      cutOff();
    });
    connection.on("close", () => {
      open.delete(connection);
      if (address !== undefined) {
        const [eventsFullAtMs, packetsFullAtMs] = [events.fullAtMs(), packets.fullAtMs()];
        debts.add(address, { eventsFullAtMs, packetsFullAtMs });
      }
      const holdMs = openedAtMs + MIN_HELD_MS - steadyNow();
      place?.release(guarded.cutOff === "flood" ? PENALTY_MS : holdMs);
    });
  }

  function note(guarded: Guarded, reason: CutOff): void {
    if (!guarded.cutOff) monitor?.cutOff(reason);
    guarded.cutOff ??= reason;
  }

  function of(connection: Connection): Guarded {
    const guarded = connections.get(connection);
    if (!guarded) throw new Error("the connection isn't watched");
    return guarded;
  }

  return { watch, of, open, countSent };
}

/** What a packet costs of the second allowance: by its size, as the time to parse it. */
function costOf({ data }: Packet, bytes: number): number {
  // Socket.IO parses the packet's type like this, so a blank is 0 too: CONNECT.
  const isConnect = typeof data === "string" && Number(data.charAt(0)) === 0;
  return Math.max(isConnect ? CONNECT_COST : 1, bytes / PACKET_BYTES);
}

/** The bytes of a packet's data. */
function sizeOf({ data }: Packet): number {
  if (typeof data === "string") return Buffer.byteLength(data);
  return data instanceof Uint8Array ? data.byteLength : 0;
}

/** Ends a connection so that socket.io-client doesn't reconnect by itself. */
function disconnect(connection: Connection, socket: Guarded["socket"]): void {
  if (socket?.connected) socket.disconnect(true);
  else connection.close(true);
  setTimeout(() => connection.close(true), DISCONNECT_TIMEOUT_MS).unref();
}
