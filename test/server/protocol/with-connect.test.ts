/** A join or a resume that comes with CONNECT. */

import { once } from "node:events";
import { describe, expect, test } from "vitest";
import type { Ack, Joined, Resumed } from "../../../src/protocol/messages.ts";
import { seededRandom } from "../../support/random.ts";
import { RawClient } from "../../support/raw.ts";
import { countedBy, granted, joinWithTicket, lose } from "../../support/resuming.ts";
import { startServer, type TestServer, UNLIMITED } from "../../support/server.ts";
import { SlowRooms } from "../../support/slow-rooms.ts";
import { openTcp, textFrame, upgradeRequest } from "../../support/tcp.ts";
import { mint, SECRET } from "../../support/tokens.ts";

const WEBSOCKET = "/socket.io/?EIO=4&transport=websocket";
const offer = (sdp: string) => ({ type: "offer", sdp });
const refusal = (code: string) => ({ ok: false, error: { code, message: expect.any(String) } });

/** Connects with this in the auth; gives the client and the answers to what was there, in order. */
async function connectWith(server: TestServer, auth: object, options = {}) {
  const client = await server.connect({ auth, ...options });
  await client.settled();
  const results = client.received.filter(({ event }) => event.endsWith("_result"));
  return { client, results: results.map(({ event, args: [ack] }) => [event, ack as Ack<Resumed>]) };
}

/** The name of a frame's event. */
const nameOf = (frame: string) => /^42\d*\["(\w+)"/.exec(frame)?.[1];

describe.each([["websocket"], ["polling"]])("by %s", (transport) => {
  const options = { transports: [transport] };

  test("[J9] a join is answered by join_result, behind room_users; others are told as ever", async () => {
    const server = await startServer();
    const ada = await joinWithTicket(server, "r", { name: "Ada" });
    const join = { room: "r", name: " Bob ", resume: true };
    const bob = await server.connect({ auth: { join }, ...options });
    await bob.next("join_result");
    const users = [{ id: ada.id, name: "Ada" }];
    expect(bob.received).toEqual([
      { event: "room_users", args: [users] },
      {
        event: "join_result",
        args: [
          {
            ok: true,
            self: { id: bob.id, name: "Bob" },
            users,
            iceServers: [],
            iceTransportPolicy: "all",
            resume: { ticket: expect.any(String), graceMs: 30_000 },
          },
        ],
      },
    ]);
    expect(await ada.client.next("user_joined")).toEqual([{ id: bob.id, name: "Bob" }]);
    // What follows on this connection is as ever.
    expect(await bob.request("offer", offer("1"))).toEqual({ ok: true, delivered: 1 });
  });

  test("[S10] a resume is answered by resume_result, before what was missed", async () => {
    const server = await startServer();
    const ada = await joinWithTicket(server, "r");
    const bob = await joinWithTicket(server, "r");
    await ada.client.request("offer", offer("0"), { to: bob.id });
    lose(ada.client);
    await bob.client.next("user_away");
    for (const sdp of ["1", "2"]) await bob.client.offer(sdp, { to: ada.id });
    const resume = { ticket: ada.ticket, received: countedBy(ada.client) };
    const back = await server.connect({ auth: { resume }, ...options });
    const [, second] = [await back.next("getOffer"), await back.next("getOffer")];
    expect(back.received.map(({ event }) => event)).toEqual([
      "resume_result",
      "getOffer",
      "getOffer",
    ]);
    const [ack] = await back.next("resume_result");
    expect(ack).toMatchObject({ ok: true, self: { id: ada.id }, received: 1 });
    expect(second).toEqual([offer("2"), { from: bob.id }]);
    expect(await bob.client.next("user_back")).toEqual([{ id: ada.id }]);
    // Both counts go on: an offer of before has arrived, and one now.
    await back.request("offer", offer("3"), { to: bob.id });
    lose(back);
    const { ticket } = granted(ack as Ack<Resumed>).resume;
    const again = await connectWith(server, { resume: { ticket, received: 3 } }, options);
    expect(again.results).toMatchObject([["resume_result", { ok: true, received: 2 }]]);
    expect(again.client.all("getOffer")).toEqual([]);
  });
});

describe("a join with CONNECT", () => {
  test("[J9] is refused as ever, and leaves a connection as any other", async () => {
    const server = await startServer({ MAX_PEERS_PER_ROOM: "2" });
    for (const _ of "12") await (await server.connect()).join("full");
    const hostile = [{ room: "full" }, { room: "" }, null, [], [{ room: "r" }], "r", 1, true, {}];
    for (const join of hostile) {
      const { client, results } = await connectWith(server, { join });
      const code = join === hostile[0] ? "room_full" : "bad_request";
      expect(results).toEqual([["join_result", refusal(code)]]);
      // It has a result, so it isn't an error that nobody waits for.
      expect(client.all("signal_error")).toEqual([]);
      expect(await client.join("other")).toMatchObject({ ok: true });
      client.socket.disconnect();
    }
    await server.untilConnections(2);
    expect([...server.maps.rooms.keys()]).toEqual(["full"]);
  });

  test("[J9] what is nested deep, large, or called like a prototype member does no harm", async () => {
    const server = await startServer({ LOG_LEVEL: "info" });
    const deep = "[".repeat(20_000) + "]".repeat(20_000);
    for (const [auth, code] of [
      [`{"join":${deep}}`, "bad_request"],
      [`{"join":{"room":"r","metadata":${deep}}}`, "bad_request"],
      [`{"join":{"room":"r","metadata":"${"m".repeat(2_000)}"}}`, "too_large"],
      [`{"join":{"room":"r","name":"${"n".repeat(100_000)}"}}`, "bad_request"],
      [`{"join":{"room":"r","x":{"_placeholder":true,"num":0}}}`, undefined],
      [`{"join":{"room":"__proto__","__proto__":{"resume":true}}}`, undefined],
    ] as const) {
      const raw = await RawClient.connect(server.url, { namespace: false });
      raw.send(`40${auth}`);
      const answer = JSON.parse((await raw.frame(/^42\["join_result"/)).slice(2))[1];
      expect(answer.ok ? undefined : answer.error.code).toBe(code);
      expect(answer.resume).toBeUndefined();
      raw.ws.terminate();
    }
    // Of `auth` itself only what is called so is taken, and none of what it inherits.
    for (const auth of ['{"__proto__":{"join":{"room":"r"}}}', "{}"]) {
      const raw = await RawClient.connect(server.url, { namespace: false });
      raw.send(`40${auth}`);
      await raw.frame(/^40/);
      raw.send('420["leave"]');
      await raw.frame(/^430\[/);
      expect(raw.frames.filter(nameOf)).toEqual([]);
      raw.ws.terminate();
    }
    // Not an object: Socket.IO ends the connection.
    for (const auth of ['[{"join":{"room":"r"}}]', "null", '"join"']) {
      const raw = await RawClient.connect(server.url, { namespace: false });
      const closed = raw.closed();
      raw.send(`40${auth}`);
      await closed;
    }
    await server.untilConnections(0);
    expect(server.maps.socketToRoom.size).toBe(0);
    expect(server.log.join("")).not.toContain("failed");
  });

  test("[J9] nothing of the room comes between room_users and join_result, whoever joins and speaks", async () => {
    const random = seededRandom();
    const server = await startServer(
      { ...UNLIMITED, MAX_PEERS_PER_ROOM: "100" },
      { wrapRooms: (rooms) => new SlowRooms(rooms, random) },
    );
    const ada = await server.connect();
    await ada.join("r");
    const speaks = setInterval(() => ada.socket.emit("candidate", null), 1);
    const clients = await Promise.all(
      Array.from({ length: 40 }, () => server.connect({ auth: { join: { room: "r" } } })),
    );
    for (const client of clients) await client.next("join_result");
    clearInterval(speaks);
    for (const { received } of clients) {
      expect(received.slice(0, 2).map(({ event }) => event)).toEqual(["room_users", "join_result"]);
      const [users, ack] = received.map(({ args }) => args[0]);
      expect((ack as Joined).users).toEqual(users);
    }
    // Who was not there yet is told afterwards: all know of all.
    for (const client of clients) await client.settled();
    await expect.poll(() => clients.map(({ view }) => view?.length)).toEqual(clients.map(() => 40));
  });

  test("[J9] what is sent right behind CONNECT is handled behind the join", async () => {
    const random = seededRandom();
    const server = await startServer({}, { wrapRooms: (rooms) => new SlowRooms(rooms, random) });
    const ada = await server.connect();
    await ada.join("r");
    const raw = await RawClient.connect(server.url, { namespace: false });
    raw.send('40{"join":{"room":"r"}}');
    await raw.frame(/^40/);
    for (const event of ['"candidate",null', '"leave"']) raw.send(`420[${event}]`);
    await ada.next("getCandidate");
    await ada.next("user_exit");
    await raw.frame(/^430\[\{"ok":true\}\]/);
    expect(raw.frames.slice(2).map((frame) => nameOf(frame) ?? frame.slice(0, 3))).toEqual([
      "room_users",
      "join_result",
      "430",
      "430",
    ]);
  });

  test.each([false, true])(
    "[J6] [J9] the end of the connection right behind leaves no member (slow registry: %s)",
    async (slow) => {
      const random = seededRandom();
      const server = await startServer(UNLIMITED, {
        wrapRooms: (rooms) => (slow ? new SlowRooms(rooms, random) : rooms),
      });
      const connect = '40{"join":{"room":"r","resume":true}}';
      for (const frames of [[connect], [connect, "41"], [connect, connect], ["40", connect]]) {
        const { socket } = await openTcp(server.url, upgradeRequest(WEBSOCKET));
        await once(socket, "data");
        socket.write(Buffer.concat(frames.map(textFrame)));
        socket.end();
      }
      for (let n = 0; n < 50; n++) {
        const raw = await RawClient.connect(server.url, { namespace: false });
        raw.send(connect);
        for (let turns = Math.floor(random() * 8); turns > 0; turns--) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        if (random() < 0.5) raw.send("41");
        raw.ws.close();
      }
      await server.untilConnections(0);
      await expect.poll(() => server.io.sockets.sockets.size).toBe(0);
      // Those that were in before their connection was lost keep their seat, and it ends.
      const before = new Set(server.maps.socketToRoom.keys());
      for (const id of before) await server.disconnect(id);
      await expect.poll(() => server.maps.socketToRoom.size).toBe(0);
    },
  );
});

describe("who may", () => {
  test("[A2] [J9] tokens: none, a wrong one, another room's; who is refused joins nothing", async () => {
    const server = await startServer({ AUTH_SECRET: SECRET });
    const join = { room: "r", name: "Eve" };
    const wrong = { join, token: "a.b.c" };
    for (const auth of [{ join }, wrong]) {
      await expect(server.connect({ auth })).rejects.toMatchObject({
        data: { code: "unauthorized" },
      });
    }
    expect(server.maps.socketToRoom.size).toBe(0);
    const elsewhere = await connectWith(server, { join, token: await mint({ room: "s" }) });
    expect(elsewhere.results).toEqual([["join_result", refusal("forbidden")]]);
    const ada = await connectWith(server, { join, token: await mint({ name: "Ada" }) });
    expect(ada.results).toMatchObject([["join_result", { self: { name: "Ada" } }]]);
  });

  test("[S8] [S10] a ticket of another subject, of another room, and an unknown one fail", async () => {
    const server = await startServer({ AUTH_SECRET: SECRET });
    const token = await mint({ room: "r" });
    const ada = await joinWithTicket(server, "r", {}, { auth: { token } });
    lose(ada.client);
    const resume = { ticket: ada.ticket, received: 0 };
    for (const [claims, request, code] of [
      [{ sub: "eve" }, resume, "resume_failed"],
      [{ room: "s" }, resume, "forbidden"],
      [{}, { ticket: "x.y", received: 0 }, "resume_failed"],
      [{}, [resume], "bad_request"],
      [{}, null, "bad_request"],
    ] as const) {
      const auth = { token: await mint(claims), resume: request };
      expect((await connectWith(server, auth)).results).toEqual([["resume_result", refusal(code)]]);
    }
    const back = await connectWith(server, { token, resume });
    expect(back.results).toMatchObject([["resume_result", { ok: true, self: { id: ada.id } }]]);
  });

  test("[J9] [S10] with both, both are handled, the join first", async () => {
    const server = await startServer();
    const ada = await joinWithTicket(server, "r");
    lose(ada.client);
    const resume = { ticket: ada.ticket, received: 0 };
    const both = await connectWith(server, { resume, join: { room: "s" } });
    expect(both.results).toEqual([
      ["join_result", expect.objectContaining({ ok: true })],
      ["resume_result", refusal("bad_request")],
    ]);
    const refused = await connectWith(server, { resume, join: { room: "" } });
    expect(refused.results).toMatchObject([
      ["join_result", { ok: false }],
      ["resume_result", { ok: true, self: { id: ada.id } }],
    ]);
  });

  test("[T1] [J9] [S10] it costs what the event costs, and the debt stays with the address", async () => {
    const server = await startServer({ EVENTS_PER_SECOND: "1", EVENT_BURST: "20" });
    const join = { room: "r" };
    const first = await connectWith(server, { join, resume: { ticket: "x.y", received: 0 } });
    expect(first.results).toMatchObject([
      ["join_result", { ok: true }],
      ["resume_result", { ok: false }],
    ]);
    expect(await first.client.join("s")).toMatchObject({ error: { code: "rate_limited" } });
    first.client.socket.disconnect();
    await server.untilConnections(0);
    const second = await connectWith(server, { join });
    const error = { code: "rate_limited", retryAfterMs: expect.any(Number) };
    expect(second.results).toMatchObject([["join_result", { error }]]);
    expect(server.maps.socketToRoom.size).toBe(0);
  });
});
