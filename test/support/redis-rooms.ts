/** Registries in Redis, as nodes of one cluster, in this process. */

import { expect, onTestFinished } from "vitest";
import { type RedisRoomOptions, RedisRoomRegistry } from "../../src/rooms/redis.ts";
import type { Member, RoomListeners } from "../../src/rooms/registry.ts";

/** A registry that notes what it is told of other nodes. */
export interface Node {
  rooms: RedisRoomRegistry;
  /** What its listeners were called with, in order. */
  told: string[];
  faults: unknown[];
}

let prefixes = 0;

/** Names what no other test uses. */
export const newPrefix = () => `test-${process.pid}-${++prefixes}:`;

/** Starts a node; resolves when it has reached Redis. Ends with the test. */
export async function startNode(
  options: Partial<RedisRoomOptions> & Pick<RedisRoomOptions, "redisUrl" | "redisPrefix">,
): Promise<Node> {
  const faults: unknown[] = [];
  const told: string[] = [];
  const rooms = new RedisRoomRegistry(
    { maxPeersPerRoom: 16, nodeLeaseMs: 1_000, resumeGraceMs: 1_000, ...options },
    { onChange: () => {}, reportFault: (error) => faults.push(error) },
  );
  onTestFinished(() => rooms.close());
  rooms.listen(noteIn(told));
  await expect.poll(() => rooms.store, { interval: 5 }).toBe("ok");
  return { rooms, told, faults };
}

const idsOf = (members: readonly Member[]) => members.map(({ peer }) => peer.id).join(",");

function noteIn(told: string[]): RoomListeners {
  return {
    joined: (room, { peer }, others) =>
      told.push(`joined ${room} ${peer.id} ${peer.name}: ${idsOf(others)}`),
    left: ({ room, member, remaining }) =>
      told.push(`left ${room} ${member.peer.id}: ${idsOf(remaining)}`),
    message: (ids, event, text) => told.push(`${event} ${ids}: ${text}`),
    gap: (pairs) => {
      for (const [{ peer }, others] of pairs) told.push(`gap ${peer.id}: ${idsOf(others)}`);
    },
    moved: (id) => told.push(`moved ${id}`),
    lost: (id) => told.push(`lost ${id}`),
  };
}
