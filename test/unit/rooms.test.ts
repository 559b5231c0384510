import { expect, test } from "vitest";
import { MemoryRoomRegistry } from "../../src/rooms/memory.ts";
import { member, testRegistry } from "../support/registry-contract.ts";

testRegistry("MemoryRoomRegistry", async (maxPeersPerRoom) => {
  let nowMs = 0;
  const rooms = new MemoryRoomRegistry({ maxPeersPerRoom }, () => nowMs);
  return {
    rooms,
    pass: (ms) => {
      nowMs += ms;
    },
  };
});

test("nothing is kept of rooms that were left, or closed and are open again", async () => {
  let nowMs = 0;
  const rooms = new MemoryRoomRegistry({ maxPeersPerRoom: 4 }, () => nowMs);
  for (let n = 0; n < 100; n++) {
    nowMs = n * 1_000;
    await rooms.join(member("a"), `room-${n}`);
    await rooms.closeRoom(`room-${n}`, 1);
  }
  await rooms.leave("a");
  expect(rooms["rooms"].size + rooms["socketToRoom"].size).toBe(0);
  expect(rooms["closedUntilMs"].size).toBe(1);
});
