import { describe, expect, test } from "vitest";
import { MemoryRoomRegistry } from "../../src/rooms/memory.ts";

const peer = (id: string, name = "") => ({ id, name });

describe("MemoryRoomRegistry", () => {
  test("join tells who else is there, longest-standing first", async () => {
    const rooms = new MemoryRoomRegistry({ maxPeersPerRoom: 4 });
    await rooms.join(peer("a", "Ada"), "r");
    await rooms.join(peer("b"), "r");
    expect(await rooms.join(peer("c"), "r")).toEqual({
      ok: true,
      others: [peer("a", "Ada"), peer("b")],
      rejoined: false,
      departure: undefined,
    });
  });

  test("a move tells which room was left, and who remains there", async () => {
    const rooms = new MemoryRoomRegistry({ maxPeersPerRoom: 4 });
    await rooms.join(peer("a"), "r");
    await rooms.join(peer("b"), "r");
    expect(await rooms.join(peer("a"), "s")).toMatchObject({
      ok: true,
      others: [],
      departure: { room: "r", remaining: [peer("b")] },
    });
    expect(await rooms.count()).toEqual({ rooms: 2, peers: 2 });
  });

  test("capacity is checked in the step that takes the seat", async () => {
    const rooms = new MemoryRoomRegistry({ maxPeersPerRoom: 2 });
    const outcomes = await Promise.all(["a", "b", "c"].map((id) => rooms.join(peer(id), "r")));
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, false]);
    expect(outcomes[2]).toEqual({ ok: false, reason: "room_full" });
    // A rejoin takes no second seat.
    expect(await rooms.join(peer("a"), "r")).toMatchObject({ ok: true, rejoined: true });
    expect(await rooms.count()).toEqual({ rooms: 1, peers: 2 });
  });

  test("who is refused keeps the seat it has", async () => {
    const rooms = new MemoryRoomRegistry({ maxPeersPerRoom: 1 });
    await rooms.join(peer("a"), "r");
    await rooms.join(peer("b"), "s");
    expect(await rooms.join(peer("b"), "r")).toEqual({ ok: false, reason: "room_full" });
    expect(await rooms.leave("b")).toEqual({ room: "s", remaining: [] });
  });

  test("route finds the others, one of them, or says why not", async () => {
    const rooms = new MemoryRoomRegistry({ maxPeersPerRoom: 4 });
    await rooms.join(peer("a"), "r");
    await rooms.join(peer("b"), "r");
    await rooms.join(peer("x"), "s");
    expect(await rooms.route("a")).toEqual({ ok: true, receivers: [peer("b")] });
    expect(await rooms.route("a", "b")).toEqual({ ok: true, receivers: [peer("b")] });
    expect(await rooms.route("x")).toEqual({ ok: true, receivers: [] });
    for (const to of ["x", "a", "nobody", "__proto__", ""]) {
      expect(await rooms.route("a", to)).toEqual({ ok: false, reason: "peer_not_found" });
    }
    expect(await rooms.route("nobody")).toEqual({ ok: false, reason: "not_in_room" });
    expect(await rooms.route("nobody", "a")).toEqual({ ok: false, reason: "not_in_room" });
  });

  test("leave empties both maps, and tells nothing the second time", async () => {
    const rooms = new MemoryRoomRegistry({ maxPeersPerRoom: 4 });
    await rooms.join(peer("a"), "r");
    await rooms.join(peer("b"), "r");
    expect(await rooms.leave("a")).toEqual({ room: "r", remaining: [peer("b")] });
    expect(await rooms.leave("a")).toBeUndefined();
    expect(await rooms.leave("b")).toEqual({ room: "r", remaining: [] });
    expect(rooms["rooms"].size + rooms["socketToRoom"].size).toBe(0);
  });
});
