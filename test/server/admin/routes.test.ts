/** What an operator sees of rooms and peers, and may do to them: each route of OPERATIONS.md. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ask, tell } from "../../support/admin.ts";
import { joinWithTicket, lose } from "../../support/resuming.ts";
import { startServer } from "../../support/server.ts";
import { mint } from "../../support/tokens.ts";

const start = (env = {}) => startServer({ ADMIN_PORT: "0", ...env });

test("rooms, and who is in one: since when, how connected, or away", async () => {
  const nowMs = 1_700_000_000_000;
  const server = await startServer({ ADMIN_PORT: "0" }, { now: () => nowMs });
  const ada = await server.connect();
  await ada.join("demo", "Ada");
  const bob = await joinWithTicket(server, "demo", { name: "Bob" }, { transports: ["polling"] });
  await (await server.connect()).join("other");
  expect((await ask(server.adminUrl, "/rooms")).body).toEqual({
    rooms: [
      { room: "demo", peers: 2 },
      { room: "other", peers: 1 },
    ],
  });
  const since = nowMs;
  const [first, second] = [
    { id: ada.id, name: "Ada", since, away: false, transport: "websocket" },
    { id: bob.id, name: "Bob", since },
  ];
  expect((await ask(server.adminUrl, "/rooms/demo")).body).toEqual({
    room: "demo",
    peers: [first, { ...second, away: false, transport: "polling" }],
  });
  lose(bob.client);
  await expect
    .poll(async () => (await ask(server.adminUrl, "/rooms/demo")).body.peers)
    .toEqual([first, { ...second, away: true }]);
  expect((await ask(server.adminUrl, "/rooms/nobody")).body.peers).toEqual([]);
});

test("the subject of a peer's token", async () => {
  const AUTH_SECRET = "a secret for tests, of 32 bytes or more";
  const server = await start({ AUTH_SECRET });
  const ada = await server.connect({ auth: { token: await mint({ sub: "7", rooms: ["*"] }) } });
  await ada.join("demo");
  expect((await ask(server.adminUrl, "/rooms/demo")).body.peers).toMatchObject([{ subject: "7" }]);
});

test("a peer is disconnected, told why, and its seat is free", async () => {
  const server = await start();
  const [ada, bob] = [await server.connect(), await server.connect()];
  for (const peer of [ada, bob]) await peer.join("demo");
  const reason = "you were loud";
  expect(await tell(server.adminUrl, `/peers/${ada.id}/disconnect`, { reason })).toEqual({
    status: 200,
    body: { disconnected: true },
  });
  expect(await ada.next("signal_error")).toEqual([
    { event: "disconnect", code: "removed", message: reason },
  ]);
  await ada.disconnected();
  expect(await bob.next("user_exit")).toMatchObject([{}]);
  expect(await tell(server.adminUrl, "/peers/nobody/disconnect")).toMatchObject({ status: 404 });
});

test("a peer that is away loses its seat", async () => {
  const server = await start();
  const { client, id } = await joinWithTicket(server, "demo");
  lose(client);
  await expect
    .poll(async () => (await ask(server.adminUrl, "/rooms/demo")).body.peers)
    .toMatchObject([{ away: true }]);
  await tell(server.adminUrl, `/peers/${id}/disconnect`);
  expect((await ask(server.adminUrl, "/rooms")).body).toEqual({ rooms: [] });
});

test("a room is closed, for newcomers too, for a while", async () => {
  let nowMs = 0;
  const server = await startServer({ ADMIN_PORT: "0" }, { now: () => nowMs });
  const [ada, bob] = [await server.connect(), await server.connect()];
  await ada.join("demo");
  const close = (body: object) => tell(server.adminUrl, "/rooms/demo/close", body);
  expect(await close({ seconds: 30, reason: "the lesson is over" })).toMatchObject({ status: 200 });
  expect(await ada.next("signal_error")).toEqual([
    { event: "disconnect", code: "room_closed", message: "the lesson is over" },
  ]);
  nowMs = 29_999;
  expect(await bob.join("demo")).toMatchObject({ error: { code: "room_closed" } });
  nowMs = 30_000;
  expect(await bob.join("demo")).toMatchObject({ ok: true });
});

test("the server is drained", async () => {
  const server = await start();
  const ada = await server.connect();
  expect(await tell(server.adminUrl, "/drain")).toEqual({ status: 202, body: { draining: true } });
  expect(await ada.next("server_draining")).toMatchObject([{}]);
  await ada.disconnected();
  expect(await ask(server.url, "/ready")).toMatchObject({ status: 503 });
  // Metrics are there until the end.
  expect((await fetch(`${server.adminUrl}/metrics`)).status).toBe(200);
});

test("a seat that nobody takes over ends after a drain, if the server goes on", async () => {
  const server = await start({ RESUME_GRACE_MS: "300", DRAIN_TIMEOUT_MS: "1000" });
  await joinWithTicket(server, "demo");
  await (await server.connect()).join("demo");
  await tell(server.adminUrl, "/drain");
  await server.untilConnections(0);
  await expect.poll(async () => (await ask(server.adminUrl, "/rooms")).body.rooms).toEqual([]);
});

test("an error of the server is logged, and isn't taken for a Redis that is away", async () => {
  const server = await startServer(
    { ADMIN_PORT: "0", LOG_LEVEL: "error" },
    {
      wrapRooms: (rooms) =>
        Object.assign(rooms, { sizes: () => Promise.reject(new Error("a fault")) }),
    },
  );
  expect(await ask(server.adminUrl, "/rooms")).toMatchObject({
    status: 500,
    body: { error: { code: "internal" } },
  });
  expect(server.log.join("")).toContain("a fault");
});

test("what is wrong with a request is said, and nothing is done", async () => {
  const server = await start();
  const ada = await server.connect();
  await ada.join("demo");
  const refused: [string, object][] = [
    ["/rooms/demo/close", { seconds: -1 }],
    ["/rooms/demo/close", { seconds: "60" }],
    ["/rooms/demo/close", { secs: 60 }],
    ["/rooms/demo/close", { reason: "x".repeat(201) }],
    ["/rooms/a%20b/close", {}],
    ["/peers/x/disconnect", { reason: 1 }],
    ["/peers/x/disconnect", [1]],
  ];
  for (const [path, body] of refused) {
    expect(await tell(server.adminUrl, path, body)).toEqual({
      status: 400,
      body: { error: { code: "bad_request", message: expect.any(String) } },
    });
  }
  const init = { method: "POST", body: "reason=x" };
  const chunked = { method: "POST", body: new Blob(["x"]).stream(), duplex: "half" as const };
  expect(await ask(server.adminUrl, "/rooms/demo/close", chunked)).toMatchObject({ status: 400 });
  expect(await ask(server.adminUrl, "/rooms/demo/close", init)).toMatchObject({ status: 400 });
  const notJson = { method: "POST", body: "{", headers: { "Content-Type": "application/json" } };
  expect(await ask(server.adminUrl, "/rooms/demo/close", notJson)).toMatchObject({ status: 400 });
  expect(await ask(server.adminUrl, "/rooms/%E0%A4%A/timeline")).toMatchObject({ status: 400 });
  await ada.settled();
  expect(ada.socket.connected).toBe(true);
});

test("every route is in OPERATIONS.md", () => {
  const read = (file: string) => readFileSync(new URL(`../../../${file}`, import.meta.url), "utf8");
  const routes = read("src/http/admin.ts").matchAll(/routes\.(get|post)\("([^"]+)"/g);
  const documented = read(".github/OPERATIONS.md").matchAll(/^\| `((?:GET|POST) \S+)` \|/gm);
  const served = [...routes].map(([, method = "", path]) => `${method.toUpperCase()} ${path}`);
  expect(served.length).toBeGreaterThan(5);
  expect([...documented].map(([, route]) => route).sort()).toEqual(served.sort());
});
