import { describe, expect, test } from "vitest";
import type { Delivered, Joined } from "../../../src/protocol/messages.ts";
import type { TestClient } from "../../support/client.ts";
import { openPolling } from "../../support/polling.ts";
import { countedBy, granted, joinWithTicket, lose, resume } from "../../support/resuming.ts";
import { startServer, type TestServer, UNLIMITED } from "../../support/server.ts";
import { mint, SECRET } from "../../support/tokens.ts";

const RESUME_SECRET = "a secret of no less than 32 bytes for tickets";
const description = (sdp: string, type: "offer" | "answer" = "offer") => ({ type, sdp });

/** The counted events that a client has got, without what they say. */
const events = (client: TestClient) =>
  client.received.map(({ event }) => event).filter((event) => !event.startsWith("ack:"));

describe.each([["websocket"], ["polling"]])("by %s", (transport) => {
  const options = { transports: [transport] };

  test("[S1] only who asks gets a ticket", async () => {
    const server = await startServer();
    const { joined } = await joinWithTicket(server, "r", {}, options);
    expect(joined.resume).toEqual({ ticket: expect.any(String), graceMs: 30_000 });
    const plain = await server.connect(options);
    const ack = granted(await plain.request<Joined>("join", { room: "r" }));
    expect(ack).not.toHaveProperty("resume");
  });

  test("[S4] what was missed follows the acknowledgement, in order and once; the others hear that it is back", async () => {
    const server = await startServer();
    const ada = await joinWithTicket(server, "r", {}, options);
    const bob = await joinWithTicket(server, "r", {}, options);
    await bob.client.offer("1", { to: ada.id });
    await ada.client.next("getOffer");
    await ada.client.request("answer", description("a", "answer"), { to: bob.id });
    lose(ada.client);
    expect(await bob.client.next("user_away")).toEqual([{ id: ada.id }]);
    const sent = await bob.client.offer("2", { to: ada.id });
    expect(sent).toEqual({ ok: true, delivered: 1 });
    await bob.client.request("candidate", { candidate: "c" });
    const carol = await joinWithTicket(server, "r", {}, options);
    const { client, ack } = await resume(server, ada.ticket, countedBy(ada.client), options);
    expect(ack).toMatchObject({
      ok: true,
      self: { id: ada.id },
      users: [{ id: bob.id }, { id: carol.id }],
      received: 1,
      iceServers: [],
      iceTransportPolicy: "all",
    });
    await client.next("user_joined");
    expect(client.received.map(({ event }) => event)).toEqual([
      "ack:resume",
      "getOffer",
      "getCandidate",
      "user_joined",
    ]);
    expect(await client.next("getOffer")).toEqual([description("2"), { from: bob.id }]);
    expect(await bob.client.next("user_back")).toEqual([{ id: ada.id }]);
    // From now on it is reached, and speaks, under the id that it has had.
    await bob.client.offer("3", { to: ada.id });
    expect(await client.next("getOffer")).toEqual([description("3"), { from: bob.id }]);
    await client.offer("4", { to: bob.id });
    expect(await bob.client.next("getOffer")).toEqual([description("4"), { from: ada.id }]);
    expect(server.maps.socketToRoom.size).toBe(3);
  });

  test("[S7] a connection that seems open is taken over, and the room notices nothing", async () => {
    const server = await startServer();
    const ada = await joinWithTicket(server, "r", {}, options);
    const bob = await joinWithTicket(server, "r", {}, options);
    await ada.client.next("user_joined");
    let willReconnect: boolean | undefined;
    ada.client.socket.on("disconnect", () => {
      willReconnect = ada.client.socket.active;
    });
    const { client, ack } = await resume(server, ada.ticket, 1, options);
    expect(ack).toMatchObject({ ok: true, self: { id: ada.id }, received: 0 });
    await ada.client.disconnected();
    if (transport === "websocket") expect(willReconnect).toBe(false);
    await bob.client.offer("1", { to: ada.id });
    expect(await client.next("getOffer")).toEqual([description("1"), { from: bob.id }]);
    await bob.client.settled();
    expect(events(bob.client)).toEqual(["room_users"]);
  });
});

test("[S1] with RESUME_GRACE_MS=0 there is no ticket, and a lost connection is a leave", async () => {
  const server = await startServer({ RESUME_GRACE_MS: "0" });
  const [ada, bob] = [await server.connect(), await server.connect()];
  const joined = granted(await ada.request<Joined>("join", { room: "r", resume: true }));
  expect(joined).not.toHaveProperty("resume");
  await bob.request("join", { room: "r", resume: true });
  lose(ada);
  expect(await bob.next("user_exit")).toEqual([{ id: joined.self.id }]);
  const { ack } = await resume(server, "anything.else", 0);
  expect(ack).toMatchObject({ error: { code: "resume_failed" } });
});

test("[S1] the id stays through a resume and further joins, until leave", async () => {
  const server = await startServer();
  const ada = await joinWithTicket(server, "r");
  lose(ada.client);
  const { client } = await resume(server, ada.ticket, 0);
  expect(client.id).not.toBe(ada.id);
  const again = granted(await client.request<Joined>("join", { room: "r", resume: true }));
  expect(again.self.id).toBe(ada.id);
  const elsewhere = granted(await client.request<Joined>("join", { room: "s" }));
  expect(elsewhere.self.id).toBe(ada.id);
  const bob = await server.connect();
  expect(granted(await bob.request<Joined>("join", { room: "s" })).users).toEqual([
    { id: ada.id, name: "" },
  ]);
  // Without a ticket it is reached all the same.
  await bob.offer("1", { to: ada.id });
  expect(await client.next("getOffer")).toEqual([description("1"), { from: bob.id }]);
  await client.leave();
  expect(await bob.next("user_exit")).toEqual([{ id: ada.id }]);
  const fresh = granted(await client.request<Joined>("join", { room: "r" }));
  expect(fresh.self.id).toBe(client.id);
});

test("[S2] the seat is kept for the grace, and counts; then everyone left hears user_exit", async () => {
  const server = await startServer({ MAX_PEERS_PER_ROOM: "3", RESUME_GRACE_MS: "300" });
  const ada = await joinWithTicket(server, "r");
  const bob = await joinWithTicket(server, "r");
  const plain = await server.connect();
  await plain.join("r");
  lose(ada.client);
  await bob.client.next("user_away");
  const late = await server.connect();
  expect(await late.join("r")).toMatchObject({ error: { code: "room_full" } });
  expect(await bob.client.next("user_exit")).toEqual([{ id: ada.id }]);
  await plain.next("user_exit");
  // Who joined without `resume` isn't told that somebody is away.
  expect(events(plain)).toEqual(["room_users", "user_exit"]);
  expect(await late.join("r")).toMatchObject({ ok: true });
  const { ack } = await resume(server, ada.ticket, 1);
  expect(ack).toMatchObject({ error: { code: "resume_failed" } });
});

// Without debts, so that who comes back can ask for the seat at all.
const FEW_EVENTS = {
  EVENTS_PER_SECOND: "1",
  EVENT_BURST: "20",
  MAX_CONNECTIONS_PER_ADDRESS: "0",
};

describe("[S3] the seat ends at once", () => {
  const cases: [
    string,
    Record<string, string>,
    (ada: TestClient, server: TestServer, id: string) => unknown,
  ][] = [
    ["on leave", {}, (ada) => ada.leave()],
    ["on a goodbye", {}, (ada) => ada.socket.disconnect()],
    [
      "after a flood",
      FEW_EVENTS,
      (ada) => {
        for (let n = 0; n < 100; n++) ada.socket.emit("flood");
      },
    ],
    ["on removal", {}, (_ada, server, id) => server.disconnect(id)],
    ["when its room is closed", {}, (_ada, server) => server.closeRoom("r")],
  ];
  test.each(cases)("%s", async (_, env, act) => {
    const server = await startServer(env);
    const ada = await joinWithTicket(server, "r");
    const bob = await joinWithTicket(server, "r");
    const left: string[] = [];
    server.on("left", ({ peer }) => left.push(peer));
    await act(ada.client, server, ada.id);
    if (left.length === 0) await bob.client.next("user_exit");
    expect(left).toContain(ada.id);
    expect(events(bob.client)).not.toContain("user_away");
    const { ack } = await resume(server, ada.ticket, 1);
    expect(ack).toMatchObject({ error: { code: "resume_failed" } });
  });

  test("of a peer that is away, when the application removes it", async () => {
    const server = await startServer();
    const ada = await joinWithTicket(server, "r");
    const bob = await joinWithTicket(server, "r");
    lose(ada.client);
    await bob.client.next("user_away");
    expect(await server.disconnect(ada.id)).toBe(true);
    expect(await bob.client.next("user_exit")).toEqual([{ id: ada.id }]);
    expect(await server.disconnect(ada.id)).toBe(false);
  });

  test("when its token expires", async () => {
    const server = await startServer({ AUTH_SECRET: SECRET });
    const short = { auth: { token: await mint({ sub: "ada", exp: Date.now() / 1_000 - 3 }) } };
    const ada = await joinWithTicket(server, "demo", {}, short);
    const bob = await joinWithTicket(
      server,
      "demo",
      {},
      { auth: { token: await mint({ sub: "bob" }) } },
    );
    expect(await bob.client.next("user_exit")).toEqual([{ id: ada.id }]);
    expect(events(bob.client)).not.toContain("user_away");
  });
});

test("[S5] who has missed too much is told so, and so are the others", async () => {
  const server = await startServer({ ...UNLIMITED, RESUME_MAX_MESSAGES: "3" });
  const ada = await joinWithTicket(server, "r");
  const bob = await joinWithTicket(server, "r");
  await ada.client.next("user_joined");
  await ada.client.request("candidate", { candidate: "x" });
  lose(ada.client);
  await bob.client.next("user_away");
  for (let n = 1; n <= 4; n++) await bob.client.offer(`${n}`, { to: ada.id });
  const first = await resume(server, ada.ticket, 1);
  expect(first.ack).toMatchObject({ ok: true, users: [{ id: bob.id }], received: null });
  expect(await bob.client.next("user_back")).toEqual([{ id: ada.id, gap: true }]);
  await bob.client.offer("5", { to: ada.id });
  expect(await first.client.next("getOffer")).toEqual([description("5"), { from: bob.id }]);
  // Both counts have begun anew.
  await first.client.offer("mine", { to: bob.id });
  lose(first.client);
  await bob.client.next("user_away");
  await bob.client.offer("6", { to: ada.id });
  const second = await resume(server, granted(first.ack).resume.ticket, 1);
  expect(second.ack).toMatchObject({ ok: true, received: 1 });
  expect(await second.client.next("getOffer")).toEqual([description("6"), { from: bob.id }]);
});

test.each([
  ["of one peer, RESUME_MAX_BYTES", { RESUME_MAX_BYTES: "5000" }],
  ["of all, RESUME_MAX_TOTAL_BYTES", { RESUME_MAX_TOTAL_BYTES: "5000" }],
])("[S5] the bytes %s, are limited", async (_, limit) => {
  const server = await startServer({ ...UNLIMITED, ...limit });
  const ada = await joinWithTicket(server, "r");
  const bob = await joinWithTicket(server, "r");
  await ada.client.next("user_joined");
  lose(ada.client);
  await bob.client.next("user_away");
  for (let n = 0; n < 6; n++) await bob.client.offer("x".repeat(1_000), { to: ada.id });
  const { ack } = await resume(server, ada.ticket, 1);
  expect(ack).toMatchObject({ ok: true, received: null });
});

test("[S5] a client that claims to have got more than was sent begins anew", async () => {
  const server = await startServer();
  const ada = await joinWithTicket(server, "r");
  lose(ada.client);
  const { ack } = await resume(server, ada.ticket, 1);
  expect(ack).toMatchObject({ ok: true, received: null });
});

test("[S5] what a heartbeat confirms isn't kept; what was sent after its ping is", async () => {
  const server = await startServer({ PING_INTERVAL_MS: "100", RESUME_MAX_MESSAGES: "2" });
  const ada = await joinWithTicket(server, "r");
  const bob = await joinWithTicket(server, "r");
  await bob.client.offer("1", { to: ada.id });
  await server.nextHeartbeat(ada.id);
  lose(ada.client);
  await bob.client.next("user_away");
  await bob.client.offer("2", { to: ada.id });
  await bob.client.offer("3", { to: ada.id });
  // Two fit: the two before them were confirmed, or they would have been too many.
  const untrue = await resume(server, ada.ticket, 1);
  expect(untrue.ack).toMatchObject({ ok: true, received: null });
  lose(untrue.client);
  await bob.client.next("user_away");
});

test("[S6] the ticket before is taken until the client has shown the new one, by any event", async () => {
  const server = await startServer();
  const ada = await joinWithTicket(server, "r");
  lose(ada.client);
  const first = await resume(server, ada.ticket, 0);
  // As if the acknowledgement had got lost.
  const second = await resume(server, ada.ticket, 0);
  expect(second.ack).toMatchObject({ ok: true, self: { id: ada.id }, received: 0 });
  // The one that got lost isn't valid any more.
  const lost = await resume(server, granted(first.ack).resume.ticket, 0);
  expect(lost.ack).toMatchObject({ error: { code: "resume_failed" } });
  await second.client.request("ice_servers");
  const used = await resume(server, ada.ticket, 0);
  expect(used.ack).toMatchObject({ error: { code: "resume_failed" } });
  const newest = await resume(server, granted(second.ack).resume.ticket, 0);
  expect(newest.ack).toMatchObject({ ok: true });
});

test("[S6] the answer to a later heartbeat shows the new ticket as well", async () => {
  const server = await startServer({ PING_INTERVAL_MS: "100" });
  const ada = await joinWithTicket(server, "r");
  lose(ada.client);
  const { client } = await resume(server, ada.ticket, 0);
  // The first one only notes what was sent before it.
  for (let n = 0; n < 2; n++) await server.nextHeartbeat(client.id);
  const { ack } = await resume(server, ada.ticket, 0);
  expect(ack).toMatchObject({ error: { code: "resume_failed" } });
});

test("[S6] unknown and forged tickets fail, and harm nobody", async () => {
  const server = await startServer();
  const other = await startServer();
  const ada = await joinWithTicket(server, "r");
  const foreign = await joinWithTicket(other, "r");
  const [payload = "", signature = ""] = ada.ticket.split(".");
  const content = JSON.parse(Buffer.from(payload, "base64url").toString());
  const forged = Buffer.from(JSON.stringify({ ...content, room: "s" })).toString("base64url");
  for (const ticket of [
    "",
    ".",
    "x.y",
    payload,
    `${forged}.${signature}`,
    `${payload}.${signature.slice(0, -4)}AAAA`,
    foreign.ticket,
  ]) {
    const { ack } = await resume(server, ticket, 0);
    expect(ack).toMatchObject({ error: { code: "resume_failed" } });
  }
  const client = await server.connect();
  for (const request of [
    undefined,
    null,
    1,
    {},
    { ticket: ada.ticket },
    { ticket: 1, received: 0 },
    { ticket: ada.ticket, received: -1 },
    { ticket: ada.ticket, received: 1.5 },
  ]) {
    expect(await client.request("resume", request)).toMatchObject({
      error: { code: "bad_request" },
    });
  }
  expect(await client.request("resume", { ticket: "x".repeat(3_000), received: 0 })).toMatchObject({
    error: { code: "too_large" },
  });
  expect(ada.client.socket.connected).toBe(true);
});

test("[S8] a ticket is its subject's, the token must cover the room, and one connection has one seat", async () => {
  const server = await startServer({ AUTH_SECRET: SECRET });
  const as = async (sub: string, room = "r") => ({ auth: { token: await mint({ sub, room }) } });
  const ada = await joinWithTicket(server, "r", {}, await as("ada"));
  lose(ada.client);
  const stranger = await resume(server, ada.ticket, 0, await as("eve"));
  expect(stranger.ack).toMatchObject({ error: { code: "resume_failed" } });
  const elsewhere = await resume(server, ada.ticket, 0, await as("ada", "s"));
  expect(elsewhere.ack).toMatchObject({ error: { code: "forbidden" } });
  const back = await resume(server, ada.ticket, 0, await as("ada"));
  expect(back.ack).toMatchObject({ ok: true });
  const again = { ticket: granted(back.ack).resume.ticket, received: 0 };
  expect(await back.client.request("resume", again)).toMatchObject({
    error: { code: "bad_request" },
  });
});

test("[S8] a resume costs as much as a join", async () => {
  const server = await startServer({
    EVENTS_PER_SECOND: "1",
    EVENT_BURST: "20",
    MAX_CONNECTIONS_PER_ADDRESS: "0",
  });
  const client = await server.connect();
  const request = { ticket: "x.y", received: 0 };
  for (const code of ["resume_failed", "resume_failed", "rate_limited"]) {
    expect(await client.request("resume", request)).toMatchObject({ error: { code } });
  }
});

describe("[S9] after a restart", () => {
  test("with the same secret, peers have their place again, under their id, with nothing under way", async () => {
    const before = await startServer({ RESUME_SECRET });
    const ada = await joinWithTicket(before, "r", { name: "Ada", candidateLists: true });
    const bob = await joinWithTicket(before, "r", { name: "Bob" });
    await ada.client.offer("1", { to: bob.id });
    await before.close();
    const server = await startServer({ RESUME_SECRET });
    const first = await resume(server, ada.ticket, countedBy(ada.client));
    expect(first.ack).toMatchObject({
      ok: true,
      self: { id: ada.id, name: "Ada" },
      users: [],
      received: null,
    });
    const second = await resume(server, bob.ticket, countedBy(bob.client));
    expect(second.ack).toMatchObject({
      ok: true,
      users: [{ id: ada.id, name: "Ada" }],
      received: null,
    });
    expect(await first.client.next("user_joined")).toEqual([{ id: bob.id, name: "Bob" }]);
    // What it takes is in the ticket.
    await second.client.request("candidates", [{ candidate: "c" }], { to: ada.id });
    await first.client.next("getCandidates");
    await first.client.offer("2", { to: bob.id });
    expect(await second.client.next("getOffer")).toEqual([description("2"), { from: ada.id }]);
    // And from here on as ever.
    lose(second.client);
    await first.client.next("user_away");
    await first.client.offer("3", { to: bob.id });
    const third = await resume(server, granted(second.ack).resume.ticket, 1);
    expect(third.ack).toMatchObject({ ok: true, received: 1 });
    expect(await third.client.next("getOffer")).toEqual([description("3"), { from: ada.id }]);
  });

  test("the same ticket twice: the second takes over", async () => {
    const before = await startServer({ RESUME_SECRET });
    const ada = await joinWithTicket(before, "r");
    await before.close();
    const server = await startServer({ RESUME_SECRET });
    const acks = await Promise.all([1, 2].map(() => resume(server, ada.ticket, 0)));
    const last = acks.filter(({ ack }) => ack.ok).at(-1);
    expect(last?.ack).toMatchObject({ self: { id: ada.id }, received: null });
    expect(server.maps.socketToRoom.size).toBe(1);
    await last?.client.leave();
    const { ack } = await resume(server, ada.ticket, 0);
    expect(ack).toMatchObject({ error: { code: "resume_failed" } });
  });

  test("who is gone before the answer leaves the ticket to the next one", async () => {
    const before = await startServer({ RESUME_SECRET });
    const ada = await joinWithTicket(before, "r");
    await before.close();
    const server = await startServer({ RESUME_SECRET });
    const gone = await openPolling(server.url);
    await gone.post("40");
    const request = JSON.stringify(["resume", { ticket: ada.ticket, received: 0 }]);
    await gone.post(`42${request}\x1e41`);
    const { ack } = await resume(server, ada.ticket, 0);
    expect(ack).toMatchObject({ ok: true, self: { id: ada.id } });
  });

  test("not after the grace, not with another secret, and not into a room that is full or closed", async () => {
    const before = await startServer({ RESUME_SECRET });
    const ada = await joinWithTicket(before, "r");
    await before.close();
    let nowMs = 0;
    const late = await startServer({ RESUME_SECRET }, { now: () => nowMs });
    nowMs = 30_001;
    const other = await startServer({ RESUME_SECRET: RESUME_SECRET.toUpperCase() });
    const full = await startServer({ RESUME_SECRET, MAX_PEERS_PER_ROOM: "2" });
    for (let n = 0; n < 2; n++) await (await full.connect()).join("r");
    const closed = await startServer({ RESUME_SECRET });
    await closed.closeRoom("r");
    for (const server of [late, other, full, closed]) {
      const { ack } = await resume(server, ada.ticket, 0);
      expect(ack).toMatchObject({ error: { code: "resume_failed" } });
      expect(server.maps.socketToRoom.has(ada.id)).toBe(false);
    }
  });
});

test("clients that don't ask for a ticket find nothing new on their wire", async () => {
  const server = await startServer({ RESUME_GRACE_MS: "200" });
  const plain = await server.connect();
  const joined = granted(await plain.request<Joined>("join", { room: "r", name: "Lesson" }));
  expect(Object.keys(joined).sort()).toEqual([
    "iceServers",
    "iceTransportPolicy",
    "ok",
    "self",
    "users",
  ]);
  const ada = await joinWithTicket(server, "r", { metadata: { role: "host" } });
  expect(await plain.next("user_joined")).toEqual([{ id: ada.id, name: "" }]);
  await ada.client.request("set_metadata", { metadata: 1 });
  const sent: Delivered = granted(await ada.client.request<Delivered>("offer", description("1")));
  expect(sent.delivered).toBe(1);
  lose(ada.client);
  await plain.next("user_exit");
  expect(events(plain)).toEqual(["room_users", "user_joined", "getOffer", "user_exit"]);
});
