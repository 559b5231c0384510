import { expect, test } from "vitest";
import type { ReceivedCallReport } from "../../../src/signaling/call-reports.ts";
import type { TestClient } from "../../support/client.ts";
import { joinWithTicket, lose, resume } from "../../support/resuming.ts";
import { startServer } from "../../support/server.ts";

const CONNECTED = { outcome: "connected", ms: 250, path: "host" };
const refusedAs = (code: string) => ({ ok: false, error: { code } });

/** A server that keeps what it is told, and two peers in a room. */
async function setUp() {
  const reports: ReceivedCallReport[] = [];
  const clock = { aheadMs: 0 };
  const server = await startServer(
    { LOG_LEVEL: "debug" },
    { onReport: (report) => void reports.push(report), now: () => Date.now() + clock.aheadMs },
  );
  const [ada, bob] = [await server.connect(), await server.connect()];
  for (const client of [ada, bob]) await client.join("r");
  return { server, reports, clock, ada, bob };
}

const report = (client: TestClient, to: string | undefined, more: object = CONNECTED) =>
  client.request("call_report", { to, ...more });

test("[C1] a report goes to the server alone, with the sender and room that the server knows", async () => {
  const { server, reports, ada, bob } = await setUp();
  const before = bob.received.length;
  const ended = { outcome: "ended", ms: 9, path: "relay/tls", rttMs: 1.5, lostPercent: 0 };
  const failed = { outcome: "failed", ms: 20_000, reason: "no_answer" };
  const forged = { from: bob.id, room: "elsewhere", candidate: "192.0.2.1" };
  expect(await report(ada, bob.id, { ...CONNECTED, ...forged })).toEqual({ ok: true });
  expect(await report(ada, bob.id, ended)).toEqual({ ok: true });
  // Without an acknowledgement too.
  bob.socket.emit("call_report", { to: ada.id, ...failed });
  await bob.settled();
  expect(reports).toEqual([
    { room: "r", from: ada.id, to: bob.id, ...CONNECTED },
    { room: "r", from: ada.id, to: bob.id, ...ended },
    { room: "r", from: bob.id, to: ada.id, ...failed },
  ]);
  expect(bob.received.slice(before)).toEqual([]);
  expect(server.log.join("")).not.toMatch(/relay|no_answer|192\.0\.2/);
});

test("[C2] taken about a peer that is in the room, or has left it within a minute", async () => {
  const { server, reports, clock, ada, bob } = await setUp();
  const eve = await server.connect();
  expect(await report(eve, ada.id)).toMatchObject(refusedAs("not_in_room"));
  await eve.join("elsewhere");
  for (const id of [eve.id, ada.id, "nobody", ""]) {
    expect(await report(ada, id)).toMatchObject(refusedAs("peer_not_found"));
  }
  await bob.leave();
  clock.aheadMs = 59_000;
  expect(await report(ada, bob.id)).toEqual({ ok: true });
  expect(await report(eve, bob.id)).toMatchObject(refusedAs("peer_not_found"));
  clock.aheadMs = 61_000;
  expect(await report(ada, bob.id)).toMatchObject(refusedAs("peer_not_found"));
  expect(reports).toHaveLength(1);
});

test("[C2] who has left and is back doesn't report on itself", async () => {
  const { ada } = await setUp();
  await ada.leave();
  await ada.join("r");
  expect(await report(ada, ada.id)).toMatchObject(refusedAs("peer_not_found"));
});

test.each([
  ["nothing", undefined, "the argument of call_report"],
  ["a list", [], "the argument of call_report"],
  ["binary data", Buffer.from("x"), "the argument of call_report"],
  ["no peer", { ...CONNECTED }, "to must be"],
  ["another outcome", { to: "a", ...CONNECTED, outcome: "won" }, "outcome must be"],
  ["no path", { to: "a", outcome: "connected", ms: 1 }, "path must be one of host, srflx"],
  ["an end without a path", { to: "a", outcome: "ended", ms: 1 }, "path must be"],
  ["an address as path", { to: "a", ...CONNECTED, path: "192.0.2.1" }, "path must be"],
  ["a time before", { to: "a", ...CONNECTED, ms: -1 }, "ms must be a whole number"],
  ["half a millisecond", { to: "a", ...CONNECTED, ms: 0.5 }, "ms must be a whole number"],
  ["more than a week", { to: "a", ...CONNECTED, ms: 604_800_001 }, "ms must be a whole number"],
  ["a round trip in words", { to: "a", ...CONNECTED, rttMs: "1" }, "rttMs must be a number"],
  ["more loss than all", { to: "a", ...CONNECTED, lostPercent: 101 }, "lostPercent must be"],
  ["a reason of its own", { to: "a", outcome: "failed", ms: 1, reason: "x" }, "reason must be"],
])("[C3] %s is refused, and the message names what is wrong", async (_, input, message) => {
  const { reports, ada } = await setUp();
  expect(await ada.request("call_report", input)).toMatchObject({
    error: { code: "bad_request", message: expect.stringContaining(message) },
  });
  ada.socket.emit("call_report", input);
  expect(await ada.next("signal_error")).toMatchObject([
    { event: "call_report", code: "bad_request" },
  ]);
  expect(reports).toEqual([]);
});

test("[C3] unknown members are dropped, and those of another outcome", async () => {
  const { reports, ada, bob } = await setUp();
  const more = { reason: "ice", extra: { deep: [] } };
  await report(ada, bob.id, { ...CONNECTED, ...more });
  await report(ada, bob.id, { ...CONNECTED, ...more, outcome: "failed" });
  expect(reports).toEqual([
    { room: "r", from: ada.id, to: bob.id, ...CONNECTED },
    { room: "r", from: ada.id, to: bob.id, outcome: "failed", ms: 250, reason: "ice" },
  ]);
});

test("[C4] six count of one peer about another, and others only after an hour or two", async () => {
  const { server, reports, clock, ada, bob } = await setUp();
  const eve = await server.connect();
  await eve.join("r");
  for (let n = 0; n < 10; n++) expect(await report(ada, bob.id)).toEqual({ ok: true });
  expect(reports).toHaveLength(6);
  await ada.leave();
  await ada.join("r");
  await report(ada, bob.id);
  expect(reports).toHaveLength(6);
  // Another pair, and the same one the other way round, have their own.
  await report(ada, eve.id);
  await report(bob, ada.id);
  expect(reports).toHaveLength(8);
  clock.aheadMs = 7_201_000;
  await report(ada, bob.id);
  expect(reports).toHaveLength(9);
});

test("[C5] it isn't counted: a resume doesn't see it", async () => {
  const reports: ReceivedCallReport[] = [];
  const server = await startServer({}, { onReport: (report) => void reports.push(report) });
  const ada = await joinWithTicket(server, "r");
  const bob = await joinWithTicket(server, "r");
  await report(ada.client, bob.id);
  await ada.client.offer("1", { to: bob.id });
  lose(ada.client);
  await bob.client.next("user_away");
  const { client, ack } = await resume(server, ada.ticket, 1);
  expect(ack).toMatchObject({ ok: true, received: 1 });
  // It is the same peer still.
  await report(client, bob.id);
  expect(reports.map(({ from }) => from)).toEqual([ada.id, ada.id]);
});
