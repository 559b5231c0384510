/** What an application hears of its rooms, and what it may do to them. */

import { describe, expect, test, vi } from "vitest";
import type { SignalingEvents } from "../../../src/index.ts";
import { startWith } from "../../support/application.ts";

const TRANSPORTS = [["websocket"], ["polling"], ["polling", "websocket"]];

/** Starts a server; who connects is whoever the header says. Records its events. */
async function start(options: Parameters<typeof startWith>[0] = {}) {
  const server = await startWith({
    authorize: ({ headers }) => ({ subject: String(headers["x-user"]), rooms: ["demo", "other"] }),
    ...options,
  });
  const events: [keyof SignalingEvents, object][] = [];
  for (const name of ["joined", "left", "refused"] as const) {
    server.on(name, (event) => events.push([name, event]));
  }
  const connect = (user: string, transports = ["websocket"]) =>
    server.connect({
      transports,
      extraHeaders: { "x-user": user },
      reconnection: true,
      reconnectionDelay: 1,
    });
  return { ...server, events, connectAs: connect };
}

describe("events", () => {
  test("tell who joined, moved, was refused and left, and as whom they were let in", async () => {
    const { events, connectAs } = await start({ maxPeersPerRoom: 2 });
    const ada = await connectAs("7");
    const [of7, id] = [{ peer: ada.id, subject: "7" }, ada.id];
    await ada.join("demo");
    // To be in it already is no news.
    await ada.join("demo", "Ada");
    await ada.join("other");
    await ada.join("secret");
    await ada.leave();
    await ada.leave();
    expect(events.splice(0)).toEqual([
      ["joined", { ...of7, room: "demo" }],
      ["left", { ...of7, room: "demo" }],
      ["joined", { ...of7, room: "other" }],
      ["refused", { ...of7, room: "secret", code: "forbidden" }],
      ["left", { ...of7, room: "other" }],
    ]);
    const [bob, cyd] = [await connectAs("8"), await connectAs("9")];
    for (const peer of [bob, cyd, ada]) await peer.join("demo");
    expect(events.at(-1)).toEqual([
      "refused",
      { ...of7, peer: id, room: "demo", code: "room_full" },
    ]);
    cyd.socket.disconnect();
    await bob.next("user_exit");
    expect(events.at(-1)).toMatchObject(["left", { room: "demo", subject: "9" }]);
  });

  test("have no subject where everybody may connect", async () => {
    const server = await startWith({});
    const joined = vi.fn();
    server.on("joined", joined);
    const ada = await server.connect();
    await ada.join("demo", "Ada");
    expect(joined.mock.calls).toEqual([[{ peer: ada.id, room: "demo" }]]);
    expect(await server.peers("demo")).toEqual([{ id: ada.id, name: "Ada" }]);
  });

  test("reach the other listeners and disturb nobody when one throws or rejects", async () => {
    const { on, connectAs, events } = await start();
    const calls: string[] = [];
    const fail = (how: string) => {
      calls.push(how);
      throw new Error(how);
    };
    on("joined", () => fail("throws"));
    on("joined", async () => fail("rejects"));
    on("joined", () => calls.push("last"));
    const ada = await connectAs("7");
    expect(await ada.join("demo")).toMatchObject({ ok: true });
    expect(calls).toEqual(["throws", "rejects", "last"]);
    expect(events).toHaveLength(1);
  });

  test("stop with off; a name that there isn't is told", async () => {
    const { on, off, connectAs } = await start();
    const listener = vi.fn();
    on("joined", listener);
    off("joined", listener);
    await (await connectAs("7")).join("demo");
    expect(listener).not.toHaveBeenCalled();
    for (const name of ["join", "__proto__"]) {
      const listen = () => Reflect.apply(on, undefined, [name, listener]);
      expect(listen).toThrow(`there is no event ${name}, only joined, left, refused`);
    }
  });
});

test("rooms() and peers() tell who is where, longest-standing first", async () => {
  const { rooms, peers, connectAs } = await start();
  expect(await rooms()).toEqual([]);
  const [ada, bob] = [await connectAs("7"), await connectAs("8")];
  await ada.join("demo", "Ada");
  await bob.join("demo");
  expect(await rooms()).toEqual(["demo"]);
  expect(await peers("demo")).toEqual([
    { id: ada.id, name: "Ada", subject: "7" },
    { id: bob.id, name: "", subject: "8" },
  ]);
  expect(await peers("other")).toEqual([]);
});

describe("disconnect", () => {
  test.each(TRANSPORTS)(
    "[L4] by %s, who is removed hears it, is closed and doesn't come back; the others are told",
    async (...transports) => {
      const { disconnect, rooms, io, events, connectAs } = await start();
      const [ada, bob] = [await connectAs("7", transports), await connectAs("8")];
      const { id } = ada;
      await bob.join("demo");
      // Perhaps still changing from polling to WebSocket.
      await ada.join("demo");
      expect(await disconnect(id)).toBe(true);
      expect(await ada.next("signal_error")).toEqual([
        { event: "disconnect", code: "removed", message: "you were removed from this server" },
      ]);
      await ada.disconnected();
      expect(ada.socket.active).toBe(false);
      expect(await bob.next("user_exit")).toEqual([{ id }]);
      expect(events.at(-1)).toEqual(["left", { peer: id, room: "demo", subject: "7" }]);
      expect([...io.sockets.sockets.keys()]).toEqual([bob.id]);
      expect(await rooms()).toEqual(["demo"]);
      expect(await disconnect(id)).toBe(false);
    },
  );

  test("[L4] a join that is under way is undone", async () => {
    const { disconnect, rooms, connectAs } = await start();
    const [ada, bob] = [await connectAs("7"), await connectAs("8")];
    await bob.join("demo");
    ada.socket.emit("join", { room: "demo" });
    const [{ id }] = await bob.next("user_joined");
    await disconnect(id);
    await bob.next("user_exit");
    await bob.leave();
    expect(await rooms()).toEqual([]);
  });

  test("nobody is removed by an id that there isn't", async () => {
    const { disconnect, connectAs } = await start();
    const ada = await connectAs("7");
    for (const id of ["", "nobody", "__proto__", "demo"]) expect(await disconnect(id)).toBe(false);
    await ada.settled();
  });
});

describe("closeRoom", () => {
  test("[J8] everyone in it is removed, and whoever joins hears room_closed until it is over", async () => {
    const { closeRoom, rooms, events, connectAs } = await start();
    const [ada, bob, cyd] = [await connectAs("7"), await connectAs("8"), await connectAs("9")];
    for (const peer of [ada, bob]) await peer.join("demo");
    await cyd.join("other");
    await closeRoom("demo");
    for (const peer of [ada, bob]) {
      expect(await peer.next("signal_error")).toEqual([
        { event: "disconnect", code: "room_closed", message: "the room was closed" },
      ]);
      await peer.disconnected();
      expect(peer.socket.active).toBe(false);
    }
    expect(await cyd.join("demo")).toEqual({
      ok: false,
      error: { code: "room_closed", message: "the room was closed; try again later" },
    });
    expect(events.at(-1)).toMatchObject(["refused", { room: "demo", code: "room_closed" }]);
    // Who was refused stays where they were.
    expect(await rooms()).toEqual(["other"]);
    await closeRoom("demo", 0);
    expect(await cyd.join("demo")).toMatchObject({ ok: true });
  });

  test.each([-1, Number.NaN])("%s seconds are refused, and nobody is removed", async (seconds) => {
    const { closeRoom, connectAs } = await start();
    const ada = await connectAs("7");
    await ada.join("demo");
    await expect(closeRoom("demo", seconds)).rejects.toThrow(RangeError);
    expect(await ada.join("demo")).toMatchObject({ ok: true });
  });
});
