/** What every registry of rooms must do. A registry's test calls this with what makes one. */

import { describe, expect, test } from "vitest";
import type { Member, RoomRegistry } from "../../src/rooms/registry.ts";

interface Made {
  rooms: RoomRegistry;
  /** Lets so many milliseconds pass for the registry. */
  pass: (ms: number) => unknown;
}

/** A member of a room. */
export const member = (id: string, name = "", candidateLists = false): Member => ({
  peer: { id, name },
  candidateLists,
  resumable: false,
  wantsMetadata: false,
});

/** @param create makes an empty registry with this capacity */
export function testRegistry(
  name: string,
  create: (maxPeersPerRoom: number) => Promise<Made>,
): void {
  const withCapacity = async (maxPeersPerRoom: number) => (await create(maxPeersPerRoom)).rooms;

  describe(name, () => {
    test("join tells who else is there, longest-standing first", async () => {
      const rooms = await withCapacity(4);
      await rooms.join(member("a", "Ada", true), "r");
      await rooms.join(member("b"), "r");
      expect(await rooms.join(member("c"), "r")).toEqual({
        ok: true,
        others: [member("a", "Ada", true), member("b")],
        rejoined: false,
        departure: undefined,
      });
      expect(await rooms.membersOf("r")).toEqual([
        member("a", "Ada", true),
        member("b"),
        member("c"),
      ]);
      expect(await rooms.membersOf("nowhere")).toEqual([]);
    });

    test("a move tells which room was left, and who remains there", async () => {
      const rooms = await withCapacity(4);
      await rooms.join(member("a"), "r");
      await rooms.join(member("b"), "r");
      expect(await rooms.join(member("a"), "s")).toMatchObject({
        ok: true,
        others: [],
        departure: { room: "r", member: member("a"), remaining: [member("b")] },
      });
      expect(await rooms.count()).toEqual({ rooms: 2, peers: 2 });
      expect(await rooms.sizes()).toEqual(
        new Map([
          ["r", 1],
          ["s", 1],
        ]),
      );
    });

    test("a rejoin takes what it brings: a name, and whether it takes lists", async () => {
      const rooms = await withCapacity(4);
      await rooms.join(member("a"), "r");
      await rooms.join(member("b", "Bob", false), "r");
      await rooms.join(member("b", "Bert", true), "r");
      expect(await rooms.route("a")).toEqual({ ok: true, receivers: [member("b", "Bert", true)] });
    });

    test("capacity is checked in the step that takes the seat", async () => {
      const rooms = await withCapacity(2);
      const outcomes = await Promise.all(["a", "b", "c"].map((id) => rooms.join(member(id), "r")));
      expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, false]);
      expect(outcomes[2]).toEqual({ ok: false, code: "room_full" });
      // A rejoin takes no second seat.
      expect(await rooms.join(member("a"), "r")).toMatchObject({ ok: true, rejoined: true });
      expect(await rooms.count()).toEqual({ rooms: 1, peers: 2 });
    });

    test("who is refused keeps the seat it has", async () => {
      const rooms = await withCapacity(1);
      await rooms.join(member("a"), "r");
      await rooms.join(member("b"), "s");
      expect(await rooms.join(member("b"), "r")).toEqual({ ok: false, code: "room_full" });
      await rooms.closeRoom("t", 60);
      expect(await rooms.join(member("b"), "t")).toEqual({ ok: false, code: "room_closed" });
      expect(await rooms.leave("b")).toEqual({
        room: "s",
        member: member("b"),
        remaining: [],
      });
    });

    test("route finds the others, one of them, or says why not", async () => {
      const rooms = await withCapacity(4);
      await rooms.join(member("a"), "r");
      await rooms.join(member("b"), "r");
      await rooms.join(member("x"), "s");
      expect(await rooms.route("a")).toEqual({ ok: true, receivers: [member("b")] });
      expect(await rooms.route("a", "b")).toEqual({ ok: true, receivers: [member("b")] });
      expect(await rooms.route("x")).toEqual({ ok: true, receivers: [] });
      for (const to of ["x", "a", "nobody", "__proto__", ""]) {
        expect(await rooms.route("a", to)).toEqual({ ok: false, code: "peer_not_found" });
      }
      expect(await rooms.route("nobody")).toEqual({ ok: false, code: "not_in_room" });
      expect(await rooms.route("nobody", "a")).toEqual({ ok: false, code: "not_in_room" });
    });

    test("metadata is replaced for those who come and for those who are there", async () => {
      const rooms = await withCapacity(4);
      await rooms.join(member("a"), "r");
      await rooms.join(member("b"), "r");
      expect(await rooms.setMetadata("a", { role: "host" })).toEqual({
        ok: true,
        receivers: [member("b")],
      });
      const host = { ...member("a"), peer: { id: "a", name: "", metadata: { role: "host" } } };
      expect(await rooms.membersOf("r")).toEqual([host, member("b")]);
      expect(await rooms.join(member("c"), "r")).toMatchObject({ others: [host, member("b")] });
      expect(await rooms.setMetadata("x", 1)).toEqual({ ok: false, code: "not_in_room" });
    });

    test("leave takes the last seat and the room with it, and tells nothing the second time", async () => {
      const rooms = await withCapacity(4);
      await rooms.join(member("a"), "r");
      await rooms.join(member("b"), "r");
      expect(await rooms.leave("a")).toEqual({
        room: "r",
        member: member("a"),
        remaining: [member("b")],
      });
      expect(await rooms.leave("a")).toBeUndefined();
      expect(await rooms.leave("b")).toEqual({
        room: "r",
        member: member("b"),
        remaining: [],
      });
      expect(await rooms.count()).toEqual({ rooms: 0, peers: 0 });
      expect(await rooms.sizes()).toEqual(new Map());
    });

    test("find gives a member by its id, and nobody who has left", async () => {
      const rooms = await withCapacity(4);
      await rooms.join(member("a", "Ada"), "r");
      expect(await rooms.find("a")).toEqual(member("a", "Ada"));
      await rooms.leave("a");
      expect(await rooms.find("a")).toBeUndefined();
    });

    test("names and metadata may have any characters", async () => {
      const rooms = await withCapacity(4);
      const odd = { ...member("a", "a , b\n- \u2028 ü"), subject: "who? -\n 1" };
      const told = { ...odd, peer: { ...odd.peer, metadata: ["\n", " ", { "": null }] } };
      await rooms.join(told, "r:-@~+.");
      expect(await rooms.join(member("b"), "r:-@~+.")).toMatchObject({ others: [told] });
      expect(await rooms.membersOf("r:-@~+.")).toEqual([told, member("b")]);
    });

    test("a closed room refuses joins, rejoins too, until its time is over", async () => {
      const { rooms, pass } = await create(4);
      await rooms.join(member("a"), "r");
      await rooms.closeRoom("r", 2);
      for (const id of ["a", "b"]) {
        expect(await rooms.join(member(id), "r")).toEqual({ ok: false, code: "room_closed" });
      }
      expect(await rooms.membersOf("r")).toEqual([member("a")]);
      expect(await rooms.join(member("b"), "s")).toMatchObject({ ok: true });
      await pass(1_000);
      expect(await rooms.join(member("c"), "r")).toMatchObject({ ok: false });
      await pass(1_000);
      expect(await rooms.join(member("c"), "r")).toMatchObject({ ok: true });
    });
  });
}
