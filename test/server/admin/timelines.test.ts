/** "Why couldn't they see each other?": the usual failures, each as a room's timeline shows it. */

import { expect, test } from "vitest";
import type { Step } from "../../../src/monitoring/timeline.ts";
import { ask } from "../../support/admin.ts";
import type { TestClient } from "../../support/client.ts";
import { joinWithTicket, lose, resume } from "../../support/resuming.ts";
import { startServer, type TestServer } from "../../support/server.ts";
import { mint, SECRET, secondsFromNow } from "../../support/tokens.ts";

const SDP = "v=0 canary";
const CANDIDATE = "candidate:1 1 udp 1 198.51.100.7 9 typ host";
const start = (env = {}) => startServer({ ADMIN_PORT: "0", ...env });

/** Two peers in a room. */
async function startPair(env = {}) {
  const server = await start(env);
  const [ada, bob] = [await server.connect(), await server.connect()];
  await ada.join("demo", "Ada canary");
  await bob.join("demo", "Bob canary");
  return { server, ada, bob };
}

async function stepsOf({ adminUrl }: TestServer): Promise<Step[]> {
  return (await ask(adminUrl, "/rooms/demo/timeline")).body.steps;
}

const answer = (from: TestClient, to: TestClient) =>
  from.request("answer", { type: "answer", sdp: SDP }, { to: to.id });
const candidate = (from: TestClient, to: TestClient) =>
  from.request("candidate", { candidate: CANDIDATE }, { to: to.id });
/** The steps of an event from one peer to another. */
const between = (steps: readonly Step[], event: string, from: TestClient, to: TestClient) =>
  steps.filter((step) => step.event === event && step.from === from.id && step.to === to.id);

test("a call as it should be: who joined, sent what to whom, and left", async () => {
  const { server, ada, bob } = await startPair();
  await bob.offer(SDP, { to: ada.id });
  await answer(ada, bob);
  await bob.request("candidates", [{ candidate: CANDIDATE }, { candidate: CANDIDATE }]);
  await bob.leave();
  const at = expect.any(Number);
  const [sdp, line] = [Buffer.byteLength(SDP), Buffer.byteLength(CANDIDATE)];
  const [outcome, delivered] = ["ok", 1];
  expect(await stepsOf(server)).toEqual([
    { at, event: "joined", from: ada.id, outcome },
    { at, event: "joined", from: bob.id, outcome },
    { at, event: "offer", from: bob.id, to: ada.id, bytes: sdp, delivered, outcome },
    { at, event: "answer", from: ada.id, to: bob.id, bytes: sdp, delivered, outcome },
    { at, event: "candidates", from: bob.id, bytes: 2 * line, candidates: 2, delivered, outcome },
    { at, event: "left", from: bob.id, outcome },
  ]);
  const [first] = await stepsOf(server);
  expect(Math.abs((first?.at ?? 0) - Date.now())).toBeLessThan(60_000);
});

test("no answer came", async () => {
  const { server, ada, bob } = await startPair();
  await ada.offer(SDP, { to: bob.id });
  await candidate(ada, bob);
  const steps = await stepsOf(server);
  expect(between(steps, "offer", ada, bob)).toMatchObject([{ delivered: 1, outcome: "ok" }]);
  expect(steps.filter(({ from, event }) => from === bob.id && event !== "joined")).toEqual([]);
});

test("candidates went one way only", async () => {
  const { server, ada, bob } = await startPair();
  await ada.offer(SDP, { to: bob.id });
  await answer(bob, ada);
  for (let n = 0; n < 3; n++) await candidate(ada, bob);
  const steps = await stepsOf(server);
  expect(between(steps, "candidate", ada, bob)).toHaveLength(3);
  expect(between(steps, "candidate", bob, ada)).toEqual([]);
});

test("the TURN server refused a peer", async () => {
  const { server, ada, bob } = await startPair({
    ICE_TRANSPORT_POLICY: "relay",
    TURN_URLS: "turn:turn.example.com",
    TURN_SECRET: "a secret",
  });
  await ada.offer(SDP, { to: bob.id });
  await answer(bob, ada);
  await candidate(ada, bob);
  const report = { to: bob.id, outcome: "failed", ms: 15_000, reason: "relay_refused" };
  await ada.request("call_report", report);
  const steps = await stepsOf(server);
  // A candidate that isn't relayed isn't passed on.
  expect(between(steps, "candidate", ada, bob)).toMatchObject([
    { outcome: "screened", delivered: 0 },
  ]);
  expect(between(steps, "call_report", ada, bob)).toMatchObject([
    { outcome: "failed", reason: "relay_refused", ms: 15_000 },
  ]);
});

test("the room was full", async () => {
  const { server } = await startPair({ MAX_PEERS_PER_ROOM: "2" });
  const cyd = await server.connect();
  await cyd.join("demo");
  expect((await stepsOf(server)).at(-1)).toMatchObject({
    event: "join",
    from: cyd.id,
    outcome: "room_full",
  });
  // Nothing is kept of rooms that there never were.
  const closed = await ask(server.adminUrl, "/rooms/elsewhere/timeline");
  expect(closed.body.steps).toEqual([]);
});

test("a peer was cut off, since it sent too much", async () => {
  const { server, ada, bob } = await startPair({ EVENTS_PER_SECOND: "1", EVENT_BURST: "50" });
  const { id } = ada;
  for (let n = 0; n < 60; n++) await candidate(ada, bob);
  for (let n = 0; n < 300; n++) ada.socket.emit("candidate", { candidate: CANDIDATE });
  await ada.disconnected();
  await bob.next("user_exit");
  const its = (await stepsOf(server)).filter(({ from }) => from === id);
  expect(its.slice(-3)).toMatchObject([
    { event: "candidate", outcome: "rate_limited", times: expect.any(Number) },
    { event: "cut_off", outcome: "flood" },
    { event: "left" },
  ]);
});

test("a connection was lost and is back, and what was said of it on the new one", async () => {
  const server = await start();
  const ada = await joinWithTicket(server, "demo");
  lose(ada.client);
  await expect
    .poll(async () => (await stepsOf(server)).map(({ event }) => event))
    .toEqual(["joined", "away"]);
  const { client } = await resume(server, ada.ticket, 0);
  await client.offer(SDP);
  await server.disconnect(ada.id);
  await client.disconnected();
  const from = ada.id;
  expect(await stepsOf(server)).toMatchObject([
    { event: "joined", from },
    { event: "away", from },
    { event: "resumed", from, outcome: "ok" },
    { event: "offer", from, delivered: 0 },
    { event: "removed", from, outcome: "removed" },
    { event: "left", from },
  ]);
});

test("a peer was cut off, since its access had expired; another couldn't come back", async () => {
  let passedMs = 0;
  const now = () => Date.now() + passedMs;
  const server = await startServer({ ADMIN_PORT: "0", AUTH_SECRET: SECRET }, { now });
  const auth = { token: await mint({ exp: secondsFromNow(60) }) };
  const ada = await joinWithTicket(server, "demo", {}, { auth });
  passedMs = 70_000;
  await ada.client.disconnected();
  await expect
    .poll(async () => (await stepsOf(server)).map(({ event, outcome }) => `${event} ${outcome}`))
    .toEqual(["joined ok", "cut_off expired", "left ok"]);
  await resume(server, ada.ticket, 0, {
    auth: { token: await mint({ exp: secondsFromNow(600) }) },
  });
  expect((await stepsOf(server)).at(-1)).toMatchObject({
    event: "resume",
    from: ada.id,
    outcome: "resume_failed",
  });
});

test("whom a refused message was for is noted if that peer is known there, or was", async () => {
  const { server, ada, bob } = await startPair();
  const { id } = bob;
  await bob.leave();
  await ada.offer(SDP, { to: id });
  await ada.offer(SDP, { to: "canary" });
  const refused = (await stepsOf(server)).filter(({ event }) => event === "offer");
  const [at, from, outcome] = [expect.any(Number), ada.id, "peer_not_found"];
  expect(refused).toEqual([
    { at, event: "offer", from, to: id, outcome },
    { at, event: "offer", from, outcome },
  ]);
});

test("metrics and timelines hold no payload, name, address or token", async () => {
  const { server, ada, bob } = await startPair();
  await ada.offer(SDP, { to: bob.id });
  await candidate(bob, ada);
  await ada.request("offer", { type: "offer", sdp: SDP }, { to: "canary" });
  await ada.request("canary", "canary");
  await ada.request("refresh_token", "canary");
  await ada.request("set_metadata", { metadata: "canary" });
  await ada.request("call_report", { to: bob.id, outcome: "canary", ms: 1, reason: "canary" });
  for (const path of ["/metrics", "/rooms/demo/timeline"]) {
    const text = await (await fetch(server.adminUrl + path)).text();
    expect(text.length).toBeGreaterThan(500);
    expect(text).not.toMatch(/canary|198\.51|127\.0\.0\.1/);
  }
});
