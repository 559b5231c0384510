import { once } from "node:events";
import { describe, expect, test } from "vitest";
import type { MemoryRoomRegistry } from "../../../src/rooms/memory.ts";
import { seededRandom } from "../../support/random.ts";
import { startServer, UNLIMITED } from "../../support/server.ts";
import { SlowRooms } from "../../support/slow-rooms.ts";
import { openTcp, textFrame, upgradeRequest } from "../../support/tcp.ts";

const WEBSOCKET = "/socket.io/?EIO=4&transport=websocket";

describe("joining", () => {
  test("[J1] a joiner gets room_users, then its acknowledgement; each other member user_joined once", async () => {
    const server = await startServer();
    const [ada, bob, cyd] = [
      await server.connect(),
      await server.connect(),
      await server.connect(),
    ];
    expect(await ada.join("demo", "Ada")).toEqual({
      ok: true,
      self: { id: ada.id, name: "Ada" },
      users: [],
      iceServers: [],
      iceTransportPolicy: "all",
    });
    await bob.join("demo", "Bob");
    await cyd.join("demo", "Cyd");
    const others = [
      { id: ada.id, name: "Ada" },
      { id: bob.id, name: "Bob" },
    ];
    expect(cyd.received).toEqual([
      { event: "room_users", args: [others] },
      {
        event: "ack:join",
        args: [
          expect.objectContaining({ ok: true, self: { id: cyd.id, name: "Cyd" }, users: others }),
        ],
      },
    ]);
    await Promise.all([ada.settled(), bob.settled()]);
    expect(ada.all("user_joined")).toEqual([
      [{ id: bob.id, name: "Bob" }],
      [{ id: cyd.id, name: "Cyd" }],
    ]);
    expect(bob.all("user_joined")).toEqual([[{ id: cyd.id, name: "Cyd" }]]);
  });

  test("[J1] a name may be left out, and is trimmed", async () => {
    const server = await startServer();
    const [ada, bob] = [await server.connect(), await server.connect()];
    expect(await ada.join("demo")).toMatchObject({ self: { name: "" } });
    expect(await bob.join("demo", "  Bob\t")).toMatchObject({ self: { name: "Bob" } });
  });

  test("[J2] joining the same room again answers like a join, and tells nobody", async () => {
    const server = await startServer({ MAX_PEERS_PER_ROOM: "3" });
    const [ada, bob, cyd] = [
      await server.connect(),
      await server.connect(),
      await server.connect(),
    ];
    await ada.join("demo", "Ada");
    await bob.join("demo", "Bob");
    await ada.settled();
    const before = bob.received.length;
    expect(await ada.join("demo", "Augusta")).toMatchObject({
      ok: true,
      self: { id: ada.id, name: "Augusta" },
      users: [{ id: bob.id, name: "Bob" }],
    });
    expect(ada.all("room_users")).toHaveLength(2);
    await bob.settled();
    expect(bob.received).toHaveLength(before);
    // The next one to come reads the new name, and Ada at her old place.
    await cyd.join("demo");
    expect(cyd.all("room_users")).toEqual([
      [
        [
          { id: ada.id, name: "Augusta" },
          { id: bob.id, name: "Bob" },
        ],
      ],
    ]);
  });

  test("[J2] a member of a full room may join it again", async () => {
    const server = await startServer({ MAX_PEERS_PER_ROOM: "2" });
    const [ada, bob] = [await server.connect(), await server.connect()];
    await ada.join("demo");
    await bob.join("demo");
    expect(await ada.join("demo")).toMatchObject({ ok: true, users: [{ id: bob.id }] });
  });

  test("[J3] joining another room leaves the one before", async () => {
    const server = await startServer();
    const [ada, bob, cyd] = [
      await server.connect(),
      await server.connect(),
      await server.connect(),
    ];
    await bob.join("old");
    await cyd.join("new");
    await ada.join("old", "Ada");
    expect(await ada.join("new", "Ada")).toMatchObject({ ok: true, users: [{ id: cyd.id }] });
    await Promise.all([bob.settled(), cyd.settled()]);
    expect(bob.all("user_exit")).toEqual([[{ id: ada.id }]]);
    expect(cyd.all("user_joined")).toEqual([[{ id: ada.id, name: "Ada" }]]);
    expect(cyd.all("user_exit")).toEqual([]);
    expect(await bob.offer("to the old room")).toEqual({ ok: true, delivered: 0 });
    await ada.settled();
    expect(ada.all("getOffer")).toEqual([]);
    expect(server.maps.socketToRoom.get(ada.id)).toBe("new");
  });

  test("[J4] a full room answers room_full, and who is refused stays where it was", async () => {
    const server = await startServer({ MAX_PEERS_PER_ROOM: "2" });
    const [ada, bob, cyd, dan] = await Promise.all(
      Array.from({ length: 4 }, () => server.connect()),
    );
    if (!ada || !bob || !cyd || !dan) throw new Error("unreachable");
    await ada.join("full");
    await bob.join("full");
    await cyd.join("other");
    await dan.join("other");
    await Promise.all([ada, bob, dan].map((peer) => peer.settled()));
    const before = [ada, bob, dan].map((peer) => peer.received.length);
    expect(await cyd.join("full")).toEqual({
      ok: false,
      error: { code: "room_full", message: "the room is full" },
    });
    await Promise.all([ada, bob, dan].map((peer) => peer.settled()));
    expect([ada, bob, dan].map((peer) => peer.received.length)).toEqual(before);
    // Still in its old room, and heard there.
    expect(await cyd.offer("still here")).toEqual({ ok: true, delivered: 1 });
    expect(await dan.next("getOffer")).toEqual([
      { type: "offer", sdp: "still here" },
      { from: cyd.id },
    ]);
  });

  test("[J4] one refused for a bad name keeps its seat", async () => {
    const server = await startServer();
    const [ada, bob] = [await server.connect(), await server.connect()];
    await ada.join("demo");
    await bob.join("demo");
    expect(await ada.join("next", "\u0000")).toMatchObject({ error: { code: "bad_request" } });
    await bob.settled();
    expect(bob.all("user_exit")).toEqual([]);
    expect(server.maps.socketToRoom.get(ada.id)).toBe("demo");
  });

  test.each([
    ["no argument", [], /join/],
    ["null", [null], /join/],
    ["a string", ["demo"], /join/],
    ["an array", [["demo"]], /join/],
    ["no room", [{}], /^room/],
    ["an empty room", [{ room: "" }], /^room/],
    ["a number for a room", [{ room: 7 }], /^room/],
    ["a list for a room", [{ room: ["a", "b"] }], /^room/],
    ["a space in a room", [{ room: "a b" }], /^room/],
    ["a line break after a room", [{ room: "demo\n" }], /^room/],
    ["a room of 129 characters", [{ room: "r".repeat(129) }], /^room/],
    ["a number for a name", [{ room: "demo", name: 7 }], /^name/],
    ["null for a name", [{ room: "demo", name: null }], /^name/],
    ["a name of 65 characters", [{ room: "demo", name: "n".repeat(65) }], /^name/],
    ["a control character in a name", [{ room: "demo", name: "a\u0007b" }], /^name/],
    ["a name that turns text around", [{ room: "demo", name: "\u202eadA" }], /^name .*direction/],
    ["an invisible name", [{ room: "demo", name: "\u3164" }], /^name .*invisible/],
    ["a blank name", [{ room: "demo", name: "\u2800" }], /^name .*blank/],
    ["nine marks on a letter", [{ room: "demo", name: `a${"\u0310".repeat(9)}` }], /^name .*marks/],
    ["half a character in a name", [{ room: "demo", name: "a\ud800" }], /^name/],
  ])("[J5] %s is a bad_request that names the member", async (_what, args, message) => {
    const server = await startServer();
    const ada = await server.connect();
    expect(await ada.request("join", ...args)).toEqual({
      ok: false,
      error: { code: "bad_request", message: expect.stringMatching(message) },
    });
    expect(server.maps.socketToRoom.size).toBe(0);
  });

  test("[J5] the longest room and the longest name are taken", async () => {
    const server = await startServer();
    const ada = await server.connect();
    const room = "Az09._~:@+-".padEnd(128, "x");
    const name = "🦉".repeat(64);
    expect(await ada.join(room, ` ${name} `)).toMatchObject({ ok: true, self: { name } });
  });

  test("[J6] of 40 simultaneous joins to a room for 4, exactly 4 get in", async () => {
    const server = await startServer({ MAX_PEERS_PER_ROOM: "4" });
    const clients = await Promise.all(Array.from({ length: 40 }, () => server.connect()));
    const acks = await Promise.all(clients.map((client) => client.join("demo")));
    expect(acks.filter((ack) => ack.ok)).toHaveLength(4);
    expect(acks.filter((ack) => !ack.ok && ack.error.code === "room_full")).toHaveLength(36);
    expect(server.maps.rooms.get("demo")?.size).toBe(4);
    expect(server.maps.socketToRoom.size).toBe(4);
  });

  // With a registry that answers late, the socket may be gone at any step of its own join.
  test.each([false, true])(
    "[J6] 100 joins cut off at a random moment leave no member without a connection (slow registry: %s)",
    async (slow) => {
      const random = seededRandom();
      const server = await startServer(UNLIMITED, {
        wrapRooms: (rooms) => (slow ? new SlowRooms(rooms, random) : rooms),
      });
      const bystander = await server.connect();
      await bystander.join("demo");
      const clients = await Promise.all(Array.from({ length: 100 }, () => server.connect()));
      for (const client of clients) {
        client.socket.emit("join", { room: "demo" });
        if (random() < 0.3) client.socket.emit("leave");
        if (random() < 0.3) client.socket.emit("join", { room: random() < 0.5 ? "demo" : "next" });
        for (let turns = Math.floor(random() * 6); turns > 0; turns--) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        if (random() < 0.5) client.socket.disconnect();
        else client.socket.io.engine.close();
      }
      await server.untilConnections(1);
      await bystander.settled();
      while (bystander.view?.length) await bystander.next("user_exit");
      await bystander.leave();
      await untilEmpty(server.rooms);
      expect([...server.maps.rooms.keys()]).toEqual([]);
      expect([...server.maps.socketToRoom.keys()]).toEqual([]);
    },
  );

  // One read can hold an event and, before or after it, the end of the connection.
  test.each([
    ["a DISCONNECT, then a join", '41\x1e42["join",{"room":"demo"}]'],
    ["a join, then the connection's CLOSE", '42["join",{"room":"demo"}]\x1e1'],
  ])(
    "[J6] %s in one polling payload leave no member without a connection",
    async (_what, payload) => {
      const server = await startServer();
      const polling = `${server.url}/socket.io/?EIO=4&transport=polling`;
      const { sid } = JSON.parse((await (await fetch(polling)).text()).slice(1));
      const post = (body: string) => fetch(`${polling}&sid=${sid}`, { method: "POST", body });
      await post("40");
      await (await fetch(`${polling}&sid=${sid}`)).text();
      await post(payload);
      const ada = await server.connect();
      expect(await ada.join("demo")).toMatchObject({ ok: true, users: [] });
      expect([...server.maps.socketToRoom.keys()]).toEqual([ada.id]);
    },
  );

  test("[J6] two joins, and a join and a leave, without waiting: the last one counts", async () => {
    const random = seededRandom();
    const server = await startServer({}, { wrapRooms: (rooms) => new SlowRooms(rooms, random) });
    const ada = await server.connect();
    await Promise.all([ada.join("one"), ada.join("two"), ada.join("three")]);
    expect([...server.maps.rooms.keys()]).toEqual(["three"]);
    await Promise.all([ada.join("four"), ada.leave()]);
    expect(await server.rooms.count()).toEqual({ rooms: 0, peers: 0 });
  });

  test("[J6] a join in one packet after a disconnect, or many after a flood, leave no member", async () => {
    const server = await startServer({ EVENT_BURST: "10" });
    const goodbye = await openTcp(server.url, upgradeRequest(WEBSOCKET));
    await once(goodbye.socket, "data");
    goodbye.socket.write(textFrame("40"));
    await expect.poll(() => goodbye.read()).toContain('40{"sid"');
    goodbye.socket.write(Buffer.concat(["41", '42["join",{"room":"demo"}]'].map(textFrame)));
    goodbye.socket.end();
    const flooder = await server.connect();
    for (let n = 0; n < 100; n++) flooder.socket.emit("join", { room: "demo" });
    await Promise.all([goodbye.ended(), flooder.disconnected()]);
    await server.untilConnections(0);
    expect([...server.maps.rooms.keys()]).toEqual([]);
  });

  test("[J7] a room named like a peer's id doesn't listen in on that peer", async () => {
    const server = await startServer();
    const [ada, bob, eve] = [
      await server.connect(),
      await server.connect(),
      await server.connect(),
    ];
    await ada.join("demo");
    await bob.join("demo");
    await eve.join(ada.id);
    await bob.offer("for Ada alone", { to: ada.id });
    await ada.next("getOffer");
    expect(await eve.offer("for Ada?", { to: ada.id })).toMatchObject({
      error: { code: "peer_not_found" },
    });
    expect(await eve.offer("for whom?")).toEqual({ ok: true, delivered: 0 });
    await Promise.all([ada.settled(), eve.settled()]);
    expect(eve.all("getOffer")).toEqual([]);
    expect(ada.all("getOffer")).toHaveLength(1);
  });

  test("[J7] a room may be called like a prototype member, and is a room like any other", async () => {
    const server = await startServer();
    for (const room of ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"]) {
      const [ada, bob] = [await server.connect(), await server.connect()];
      expect(await ada.join(room)).toMatchObject({ ok: true, users: [] });
      expect(await bob.join(room)).toMatchObject({ ok: true, users: [{ id: ada.id }] });
      expect(await bob.offer("hello")).toEqual({ ok: true, delivered: 1 });
      await Promise.all([ada.leave(), bob.leave()]);
    }
    expect(server.maps.rooms.size).toBe(0);
  });
});

/** Resolves when the registry is empty, or gives up: a slow one has some turns still to take. */
async function untilEmpty(rooms: MemoryRoomRegistry): Promise<void> {
  for (let turns = 0; turns < 1_000 && (await rooms.count()).peers > 0; turns++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
