/** The metrics: each counts what has happened, exactly. */

import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { readMetrics, readOurs } from "../../support/admin.ts";
import type { TestClient } from "../../support/client.ts";
import { findProgram, lacksPrograms } from "../../support/programs.ts";
import { RawClient } from "../../support/raw.ts";
import { joinWithTicket, lose, resume } from "../../support/resuming.ts";
import { startServer } from "../../support/server.ts";
import { mint, SECRET } from "../../support/tokens.ts";

const start = (env = {}) => startServer({ ADMIN_PORT: "0", ...env });
/** The counts of events that clients have sent. */
const eventsIn = (metrics: Record<string, number>) =>
  Object.fromEntries(Object.entries(metrics).filter(([name]) => name.startsWith("events_total")));

test("events by outcome, and messages by receiver", async () => {
  const server = await start();
  const [ada, bob, cyd] = [
    await server.connect(),
    await server.connect(),
    await server.connect({ transports: ["polling"] }),
  ];
  await ada.offer("too early");
  for (const peer of [ada, bob, cyd]) await peer.join("demo");
  await ada.offer("x");
  await ada.offer("x", { to: bob.id });
  await ada.offer("x", { to: "nobody" });
  await bob.request("answer", { type: "answer", sdp: "y" }, { to: ada.id });
  await bob.request("candidate", null);
  await ada.request("candidates", [{ candidate: "c" }, { candidate: "d" }], { to: bob.id });
  await ada.request("offer", { type: "offer", sdp: 5 });
  await ada.request("join", { room: "no room" });
  await ada.request('evil"} 1\nevent', 1);
  const metrics = await readOurs(server.adminUrl);
  expect(eventsIn(metrics)).toEqual({
    'events_total{event="join",outcome="ok"}': 3,
    'events_total{event="join",outcome="bad_request"}': 1,
    'events_total{event="offer",outcome="not_in_room"}': 1,
    'events_total{event="offer",outcome="ok"}': 2,
    'events_total{event="offer",outcome="peer_not_found"}': 1,
    'events_total{event="offer",outcome="bad_request"}': 1,
    'events_total{event="answer",outcome="ok"}': 1,
    'events_total{event="candidate",outcome="ok"}': 1,
    'events_total{event="candidates",outcome="ok"}': 1,
    'events_total{event="unknown",outcome="bad_request"}': 1,
  });
  expect(metrics).toMatchObject({
    'delivered_messages_total{event="offer"}': 3,
    'delivered_messages_total{event="answer"}': 1,
    'delivered_messages_total{event="candidate"}': 2,
    'delivered_messages_total{event="candidates"}': 1,
    relay_duration_seconds_count: 5,
    peers_joined_total: 3,
    rooms: 1,
    peers: 3,
    'connections{transport="websocket"}': 2,
    'connections{transport="polling"}': 1,
  });
  await ada.leave();
  bob.socket.disconnect();
  await expect
    .poll(() => readOurs(server.adminUrl))
    .toMatchObject({ peers_left_total: 2, peers: 1 });
});

test("bytes of packets, both ways", async () => {
  const server = await start();
  const client = await RawClient.connect(server.url, { namespace: false });
  await client.frame(/^0\{/);
  const bytesOf = async () => {
    const { received_bytes_total = 0, sent_bytes_total = 0 } = await readOurs(server.adminUrl);
    return { received: received_bytes_total, sent: sent_bytes_total };
  };
  const before = await bytesOf();
  client.send("40");
  const connected = await client.frame(/^40/);
  client.send('421["leave"]');
  const answer = await client.frame(/^431/);
  const after = await bytesOf();
  // Without the type of the Engine.IO packet.
  expect(after.received - before.received).toBe("0".length + '21["leave"]'.length);
  expect(after.sent - before.sent).toBe(connected.length - 1 + answer.length - 1);
});

test("seats that are kept, resumes by outcome, and what is kept for peers", async () => {
  const server = await start();
  const ada = await joinWithTicket(server, "demo");
  const bob = await server.connect();
  await bob.join("demo");
  lose(ada.client);
  await expect
    .poll(() => readOurs(server.adminUrl))
    .toMatchObject({ seats_away: 1, peers_away_total: 1, peers: 2 });
  await bob.offer("x".repeat(1_000));
  const { outbox_bytes } = await readOurs(server.adminUrl);
  expect(outbox_bytes).toBeGreaterThan(1_000);
  const { client, ack } = await resume(server, ada.ticket, 1);
  expect(ack).toMatchObject({ ok: true });
  await client.settled();
  await resume(server, "forged", 0);
  const metrics = await readOurs(server.adminUrl);
  expect(metrics).toMatchObject({
    'resumes_total{outcome="ok"}': 1,
    'resumes_total{outcome="resume_failed"}': 1,
  });
  expect(metrics["seats_away"]).toBeUndefined();
});

test("refused connections, by reason", async () => {
  const server = await start({ AUTH_SECRET: SECRET, MAX_CONNECTIONS_PER_ADDRESS: "1" });
  const page = { headers: { Origin: "https://evil.example" } };
  await fetch(`${server.url}/socket.io/?EIO=4&transport=polling`, page);
  await fetch(`${server.url}/socket.io/?EIO=4&transport=polling&j=1`);
  await expect(server.connect()).rejects.toThrow();
  await server.untilConnections(0);
  // A place is held for a second.
  await expect.poll(async () => server.connect({ auth: { token: await mint() } })).toBeDefined();
  await expect(server.connect()).rejects.toThrow();
  const metrics = await readOurs(server.adminUrl);
  for (const reason of ["foreign_origin", "jsonp", "unauthorized", "too_many_from_address"]) {
    expect(metrics[`refused_connections_total{reason="${reason}"}`]).toBeGreaterThanOrEqual(1);
  }
});

test("connections that a server refuses that is about to end; ones without a socket are open too", async () => {
  const server = await start();
  const open = await RawClient.connect(server.url, { namespace: false });
  await open.frame(/^0\{/);
  expect(await readOurs(server.adminUrl)).toMatchObject({
    'connections{transport="websocket"}': 1,
  });
  await server.drain();
  await expect(server.connect()).rejects.toThrow();
  expect(await readOurs(server.adminUrl)).toMatchObject({
    'refused_connections_total{reason="closing"}': 1,
  });
});

test("what has labels of a fixed set begins at 0, so that a first increase is seen", async () => {
  const { adminUrl } = await start();
  const metrics = await readMetrics(adminUrl);
  for (const name of [
    'refused_connections_total{reason="too_many"}',
    'cut_offs_total{reason="flood"}',
    'resumes_total{outcome="resume_failed"}',
    'link_ends_total{outcome="failed",path="",reason="relay_refused"}',
    'link_connect_duration_seconds_count{outcome="connected",path="relay/udp"}',
  ]) {
    expect([name, metrics.get(`roomrelay_${name}`)]).toEqual([name, 0]);
  }
});

test("connections that were cut off, by reason, and peers that were removed", async () => {
  let passedMs = 0;
  const server = await startServer(
    { ADMIN_PORT: "0", AUTH_SECRET: SECRET, EVENTS_PER_SECOND: "1", EVENT_BURST: "20" },
    { now: () => Date.now() + passedMs },
  );
  const connect = async () => server.connect({ auth: { token: await mint() } });
  const [flooder, removed, expired] = [await connect(), await connect(), await connect()];
  await removed.join("demo");
  await server.disconnect(removed.id);
  for (let n = 0; n < 1_000; n++) flooder.socket.emit("leave");
  await flooder.disconnected();
  passedMs = 4_000_000;
  await expired.disconnected();
  expect(await readOurs(server.adminUrl)).toMatchObject({
    'cut_offs_total{reason="flood"}': 1,
    'cut_offs_total{reason="expired"}': 1,
    'removed_peers_total{code="removed"}': 1,
  });
});

test("what clients say of their calls: outcome, path, why not, and how long", async () => {
  const server = await start();
  const [ada, bob] = [await server.connect(), await server.connect()];
  for (const peer of [ada, bob]) await peer.join("demo");
  const report = (from: TestClient, to: TestClient, rest: object) =>
    from.request("call_report", { to: to.id, ...rest });
  await report(ada, bob, { outcome: "connected", ms: 700, path: "host" });
  await report(bob, ada, { outcome: "connected", ms: 3_000, path: "relay/tls", rttMs: 5 });
  await report(bob, ada, { outcome: "ended", ms: 120_000, path: "relay/tls" });
  await report(ada, bob, { outcome: "failed", ms: 20_000, reason: "no_answer" });
  await report(ada, bob, { outcome: "connected", ms: 1, path: 'x"} 1' });
  expect(await readOurs(server.adminUrl)).toMatchObject({
    'link_ends_total{outcome="connected",path="host",reason=""}': 1,
    'link_ends_total{outcome="connected",path="relay/tls",reason=""}': 1,
    'link_ends_total{outcome="ended",path="relay/tls",reason=""}': 1,
    'link_ends_total{outcome="failed",path="",reason="no_answer"}': 1,
    'link_connect_duration_seconds_bucket{le="1",outcome="connected",path="host"}': 1,
    'link_connect_duration_seconds_sum{outcome="connected",path="relay/tls"}': 3,
    'link_connect_duration_seconds_sum{outcome="failed",path=""}': 20,
    'link_duration_seconds_sum{path="relay/tls"}': 120,
    'events_total{event="call_report",outcome="bad_request"}': 1,
  });
});

test("errors of the server", async () => {
  const server = await startServer(
    { ADMIN_PORT: "0" },
    {
      wrapRooms: (rooms) =>
        Object.assign(rooms, { join: () => Promise.reject(new Error("a fault")) }),
    },
  );
  await (await server.connect()).join("demo");
  expect(await readOurs(server.adminUrl)).toMatchObject({
    faults_total: 1,
    'events_total{event="join",outcome="internal"}': 1,
  });
});

test("Node's own are there, and the version", async () => {
  const { adminUrl } = await start();
  const names = [...(await readMetrics(adminUrl)).keys()].join("\n");
  for (const name of ["process_cpu_seconds_total", "nodejs_eventloop_lag_seconds"]) {
    expect(names).toContain(name);
  }
  expect(names).toMatch(/^roomrelay_build_info\{version="\d+\.\d+\.\d+"\}$/m);
});

const PROMTOOL = "promtool";

test.skipIf(lacksPrograms([PROMTOOL], "no promtool here: install the package prometheus"))(
  "promtool finds nothing to complain about",
  async () => {
    const { adminUrl, connect } = await start();
    await (await connect()).join("demo");
    const response = await fetch(`${adminUrl}/metrics`);
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const input = await response.text();
    const { status, stdout, stderr } = spawnSync(
      findProgram(PROMTOOL) ?? PROMTOOL,
      ["check", "metrics"],
      { input, encoding: "utf8" },
    );
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
  },
);
