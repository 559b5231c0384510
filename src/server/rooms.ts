/** The rooms' registry: in memory, or in Redis for several nodes. */

import type { Readiness } from "../http/router.ts";
import type { Logger } from "../log/logger.ts";
import { type MemoryRoomOptions, MemoryRoomRegistry } from "../rooms/memory.ts";
import {
  type NodeStatus,
  type RedisRoomOptions,
  RedisRoomRegistry,
  type StoreState,
} from "../rooms/redis.ts";
import type { RoomRegistry } from "../rooms/registry.ts";

/** Options of the registry. Without `redisUrl` rooms are in memory. */
export interface RoomOptions extends MemoryRoomOptions, Omit<RedisRoomOptions, "redisUrl"> {
  readonly redisUrl?: string | undefined;
}

/** What the registry needs from elsewhere. */
export interface RoomDeps {
  /** Logs an error of the server. */
  reportFault: (error: unknown) => unknown;
  /** Unix milliseconds. */
  now: () => number;
  log: Logger;
}

/** The registry, and whether its store can be reached; without `store` there is none. */
export interface Rooms {
  rooms: RoomRegistry;
  store?: () => StoreState;
  status?: () => NodeStatus;
}

/** Creates the registry. */
export function createRooms(options: RoomOptions, { reportFault, now, log }: RoomDeps): Rooms {
  const { redisUrl } = options;
  if (redisUrl === undefined) return { rooms: new MemoryRoomRegistry(options, now) };
  const onChange = (isAvailable: boolean, reason = "it doesn't answer") => {
    if (isAvailable) log.info("Redis answers");
    else log.warn({ reason }, `Redis can't be reached, and is tried again. ${adviceFor(reason)}`);
  };
  const rooms = new RedisRoomRegistry({ ...options, redisUrl }, { onChange, reportFault });
  return { rooms, store: () => rooms.store, status: () => rooms.status };
}

/** Whether this node takes new clients. A store that is lost later doesn't count: calls go on, and it is lost to all nodes at once. */
export function readinessOf(isServing: boolean, store: Rooms["store"]): Readiness {
  if (!isServing) return { ready: false, reason: "draining" };
  if (!store) return { ready: true };
  const state = store();
  return state ? { ready: true, store: state } : { ready: false, reason: "store" };
}

function adviceFor(reason: string): string {
  if (/WRONGPASS|NOAUTH|NOPERM/.test(reason)) return "Check the user and the password in REDIS_URL";
  if (/certificate/.test(reason)) return "Name its authority's certificate in NODE_EXTRA_CA_CERTS";
  if (/SSL|TLS/i.test(reason))
    return "REDIS_URL begins with rediss: if Redis speaks TLS, else with redis:";
  return "Is it running at the address in REDIS_URL? Until it is back, nobody can join";
}
