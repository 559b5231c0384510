/** Registries in Redis, as nodes of one cluster, in this process. */

import { expect, onTestFinished } from "vitest";
import { type RedisRoomOptions, RedisRoomRegistry } from "../../src/rooms/redis.ts";
import type { Member, RoomListeners } from "../../src/rooms/registry.ts";
import { member } from "./registry-contract.ts";

/** A registry that notes what it is told of other nodes. */
export interface Node {
  rooms: RedisRoomRegistry;
  /** What its listeners were called with, in order. */
  told: string[];
}

let prefixes = 0;

/** Names what no other test uses. */
export const newPrefix = () => `test-${process.pid}-${++prefixes}:`;

/** Starts a node; resolves when it has reached Redis. Ends with the test, in which it must have had no faults. */
export async function startNode(
  options: Partial<RedisRoomOptions> & Pick<RedisRoomOptions, "redisUrl" | "redisPrefix">,
): Promise<Node> {
  const faults: unknown[] = [];
  const told: string[] = [];
  const rooms = new RedisRoomRegistry(
    { maxPeersPerRoom: 16, nodeLeaseMs: 1_000, resumeGraceMs: 1_000, ...options },
    { onChange: () => {}, reportFault: (error) => faults.push(error) },
  );
  onTestFinished(async () => {
    await rooms.close();
    expect(faults).toEqual([]);
  });
  rooms.listen(noteIn(told));
  await expect.poll(() => rooms.store, { interval: 5 }).toBe("ok");
  return { rooms, told };
}

export const resumable = (id: string): Member => ({ ...member(id), resumable: true });

/** Starts two nodes, with a peer that can resume on each, in room "r". */
export async function startPair(
  redisUrl: string,
  more: Partial<RedisRoomOptions> = {},
): Promise<{ prefix: string; one: Node; two: Node }> {
  const prefix = newPrefix();
  const options = { redisUrl, redisPrefix: prefix, ...more };
  const [one, two] = [await startNode(options), await startNode(options)];
  await one.rooms.join(resumable("a"), "r");
  await two.rooms.join(resumable("b"), "r");
  await hears(one.told, ["joined r b : a"]);
  return { prefix, one, two };
}

/** Waits until exactly this was told, and begins anew. */
export async function hears(told: string[], expected: string[]): Promise<void> {
  await expect.poll(() => told, { interval: 5 }).toEqual(expected);
  told.length = 0;
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
    asked: async (room) => `${room}, as told by ${told.length}`,
  };
}
