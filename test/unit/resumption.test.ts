/** A seat that outlives its connection: what the client says and counts, word by word. */

import type { Socket } from "socket.io";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { heardOf, joined, record, resumed, startScripted } from "../support/scripted-server.ts";

const offer = (sdp: string) => ({ type: "offer", sdp }) as const;
const refused = (code: string, more = {}) => ({
  ok: false,
  error: { code, message: "no", ...more },
});
/** As a lost network does. */
const cut = (socket: Socket) => socket.conn.close(true);
/** What a description that was sent comes to. */
const outcome = (sent: Promise<{ delivered: number }>) =>
  sent.then(
    ({ delivered }) => delivered,
    ({ code }) => code,
  );

// Clients come back at a random time. Here it is at once.
beforeAll(() => {
  vi.spyOn(Math, "random").mockReturnValue(0);
});
afterAll(() => {
  vi.restoreAllMocks();
});

test("a join asks for a ticket, unless it is switched off", async () => {
  const { join } = await startScripted();
  expect((await join()).request).toEqual({
    room: "demo",
    name: "Ada",
    candidateLists: true,
    resume: true,
  });
  const other = await startScripted();
  expect((await other.join({ resume: false })).request).toEqual({
    room: "demo",
    name: "Ada",
    candidateLists: true,
  });
});

test("[S4] the next connection resumes first, with what was received; nothing is heard of a leave", async () => {
  const { next, join } = await startScripted();
  const { client, socket, told } = await join();
  // What can't be understood counts as well; what isn't counted doesn't.
  socket.emit("user_joined", { id: "bob", name: "" });
  socket.emit("getOffer", "nonsense");
  socket.emit("getCandidates", [{ candidate: "a" }, null], { from: "bob" });
  for (const event of ["user_away", "user_back", "user_exit"]) socket.emit(event, { id: "bob" });
  socket.emit("user_metadata", { id: "bob", metadata: 1 });
  await vi.waitFor(() => expect(told).toContain("peermetadata bob 1"));
  cut(socket);
  await next("connection");
  const { args, reply } = await next("resume");
  expect(args).toEqual([{ ticket: "first", received: 6 }]);
  expect([client.connected, client.id]).toEqual([false, "ada"]);
  reply(resumed(0, { users: [{ id: "cyd", name: "" }] }));
  await heardOf(client, "resume");
  expect([client.connected, client.id]).toEqual([true, "ada"]);
  expect(told.slice(-2)).toEqual(["disconnect", "resume cyd"]);
});

test("[S6] the new ticket is for the next time; the count goes on", async () => {
  const { next, join } = await startScripted();
  const { client, socket, told } = await join();
  socket.emit("user_exit", { id: "bob" });
  await vi.waitFor(() => expect(told).toEqual(["peerleave bob"]));
  cut(socket);
  await next("connection");
  const first = await next("resume");
  first.reply(resumed(0));
  first.socket.emit("user_exit", { id: "cyd" });
  await heardOf(client, "peerleave");
  cut(first.socket);
  await next("connection");
  const { args } = await next("resume");
  expect(args).toEqual([{ ticket: "second", received: 2 }]);
});

test("what the server lacks is sent again, what waited goes behind it; each promise tells the truth", async () => {
  const { heard, next, join } = await startScripted();
  const { client, socket } = await join();
  const sent = ["a", "b", "c"].map((sdp) => outcome(client.sendDescription(offer(sdp), "bob")));
  const everyone = outcome(client.sendDescription(offer("d")));
  (await next("offer")).reply({ ok: true, delivered: 1 });
  for (const _ of "bcd") await next("offer");
  await sent[0];
  cut(socket);
  await heardOf(client, "disconnect");
  const waits = outcome(client.sendDescription(offer("e"), "bob"));
  await next("connection");
  const trickled = outcome(client.sendCandidates([null], "bob"));
  const { reply } = await next("resume");
  // Between `resume` and its answer nothing is sent.
  expect(heard).toEqual([]);
  reply(resumed(2));
  for (const [sdp, ack] of [
    ["c", { ok: true, delivered: 1 }],
    ["d", { ok: true, delivered: 4 }],
    ["e", refused("peer_not_found")],
  ] as const) {
    const { args, reply } = await next("offer");
    expect(args[0]).toMatchObject({ sdp });
    reply(ack);
  }
  (await next("candidates")).reply({ ok: true, delivered: 1 });
  expect(await Promise.all([...sent, everyone, waits, trickled])).toEqual([
    1,
    1,
    1,
    4,
    "peer_not_found",
    1,
  ]);
});

test("[S5] null: what was under way or waited is given up, both counts begin anew", async () => {
  const { heard, next, join } = await startScripted();
  const { client, socket, told } = await join();
  socket.emit("user_exit", { id: "bob" });
  const sent = outcome(client.sendDescription(offer("a")));
  await next("offer");
  cut(socket);
  await heardOf(client, "disconnect");
  const waits = outcome(client.sendDescription(offer("b")));
  await next("connection");
  const second = await next("resume");
  second.reply(resumed(null));
  expect(await Promise.all([sent, waits])).toEqual(["disconnected", "disconnected"]);
  expect(told.at(-1)).toBe("resume gap");
  const third = outcome(client.sendDescription(offer("c")));
  await next("offer");
  cut(second.socket);
  await next("connection");
  const { args, reply } = await next("resume");
  expect(args).toEqual([{ ticket: "second", received: 0 }]);
  reply(resumed(0));
  (await next("offer")).reply({ ok: true, delivered: 7 });
  expect([await third, heard]).toEqual([7, []]);
});

test("a count that can't be is as good as none", async () => {
  const { next, join } = await startScripted();
  const { client, socket, told } = await join();
  cut(socket);
  await next("connection");
  (await next("resume")).reply(resumed(1));
  await heardOf(client, "resume");
  expect(told.at(-1)).toBe("resume gap");
});

test("an accepted join begins both counts anew, from where it was sent; a refused one doesn't", async () => {
  const { next, join } = await startScripted();
  const { client, socket } = await join();
  const sent = [outcome(client.sendDescription(offer("a")))];
  const other = client.join("other").catch(({ code }) => code);
  await vi.waitFor(() => expect(client["joins"]["count"]).toBe(2));
  sent.push(outcome(client.sendDescription(offer("b"))));
  (await next("offer")).reply({ ok: true, delivered: 0 });
  (await next("join")).reply(refused("room_full"));
  expect(await other).toBe("room_full");
  const again = client.join("third");
  await vi.waitFor(() => expect(client["joins"]["count"]).toBe(3));
  sent.push(outcome(client.sendDescription(offer("c"))));
  await next("offer");
  const { reply } = await next("join");
  socket.emit("user_exit", { id: "bob" });
  socket.emit("room_users", []);
  socket.emit("user_joined", { id: "cyd", name: "" });
  reply(joined({ resume: { ticket: "third", graceMs: 1 } }));
  await again;
  await next("offer");
  cut(socket);
  await next("connection");
  const resume = await next("resume");
  expect(resume.args).toEqual([{ ticket: "third", received: 1 }]);
  // Of the third room it has nothing: "c" comes again, "b" was of another room.
  resume.reply(resumed(0));
  const { args } = await next("offer");
  expect(args[0]).toMatchObject({ sdp: "c" });
  expect(await sent[1]).toBe(0);
});

test("resume_failed: the seat is gone, what was under way with it, and `connect` says so", async () => {
  const { io, next, join } = await startScripted();
  const { client, socket, told } = await join();
  const sent = outcome(client.sendDescription(offer("a")));
  await next("offer");
  cut(socket);
  await next("connection");
  const resume = await next("resume");
  resume.reply(refused("resume_failed"));
  await heardOf(client, "connect");
  expect(await sent).toBe("disconnected");
  expect(told).toEqual(["disconnect", "connect"]);
  expect(client.id).toBe([...io.sockets.sockets.keys()].at(-1));
  cut(resume.socket);
  await next("connection");
  // No ticket is left to try.
  await vi.waitFor(() => expect(told).toEqual(["disconnect", "connect", "disconnect", "connect"]));
});

test.each(["unavailable", "rate_limited"])(
  "%s: asked again on the same connection",
  async (code) => {
    const { next, join } = await startScripted();
    const { client, socket, told } = await join();
    cut(socket);
    await next("connection");
    const first = await next("resume");
    first.reply(refused(code, { retryAfterMs: 600 }));
    const start = performance.now();
    const second = await next("resume");
    expect(performance.now() - start).toBeGreaterThan(code === "rate_limited" ? 590 : 490);
    expect([second.args, second.socket.id]).toEqual([first.args, first.socket.id]);
    second.reply(resumed(0));
    await heardOf(client, "resume");
    expect(told).toEqual(["disconnect", "resume"]);
  },
);

test("[S6] a connection that is lost in the middle: the next one asks with the same ticket", async () => {
  const { next, join } = await startScripted();
  const { client, socket, told } = await join();
  cut(socket);
  await next("connection");
  const { args, socket: second } = await next("resume");
  cut(second);
  await next("connection");
  const third = await next("resume");
  expect(third.args).toEqual(args);
  third.reply(resumed(0));
  await heardOf(client, "resume");
  expect(told).toEqual(["disconnect", "resume"]);
});

test("a resume that isn't answered is tried on another connection", async () => {
  const { next, join } = await startScripted();
  const { client, socket } = await join();
  cut(socket);
  await next("connection");
  // With CONNECT, and 2 s later by itself.
  const [early, late] = [await next("resume"), await next("resume")];
  expect([late.socket, late.args]).toEqual([early.socket, early.args]);
  await next("connection");
  (await next("resume")).reply(resumed(0));
  await heardOf(client, "resume");
}, 10_000);

test("an answer that can't be understood is a seat that is gone", async () => {
  const { next, join } = await startScripted();
  const { client, socket } = await join();
  cut(socket);
  await next("connection");
  (await next("resume")).reply({ ...joined(), received: -1 });
  await heardOf(client, "connect");
  expect(client.connected).toBe(true);
});

test("[S3] close says goodbye; who is sent away stays away, without a seat", async () => {
  const { next, join } = await startScripted();
  const first = await join();
  const gone = new Promise((resolve) => first.socket.on("disconnect", resolve));
  const sent = outcome(first.client.sendDescription(offer("a")));
  first.client.close();
  expect(await gone).toBe("client namespace disconnect");
  expect([await sent, first.client.id]).toEqual(["disconnected", undefined]);
  await next("offer");

  const second = await join();
  second.socket.disconnect();
  await heardOf(second.client, "disconnect");
  expect(second.told).toEqual(["disconnect for good"]);
  expect(await outcome(second.client.sendDescription(offer("a")))).toBe("disconnected");
  const again = second.client.join("demo");
  await next("connection");
  (await next("join")).reply(joined());
  await again;
});

test("who leaves while away takes the seat over to give it up; then a join finds its way", async () => {
  const { next, join } = await startScripted();
  const { client, socket, told } = await join();
  cut(socket);
  await heardOf(client, "disconnect");
  const waits = outcome(client.sendDescription(offer("a")));
  await client.leave();
  expect(await waits).toBe("disconnected");
  expect(await outcome(client.sendDescription(offer("b")))).toBe("disconnected");
  const joining = client.join("other");
  await next("connection");
  (await next("resume")).reply(resumed(0));
  await next("leave");
  (await next("join")).reply(joined({ self: { id: "new", name: "" } }));
  await joining;
  expect(client.id).toBe("new");
  expect(told).toEqual(["disconnect", "connect", "join new"]);
});

test("a leave whose answer is lost is said again", async () => {
  const { next, join } = await startScripted();
  const { client, socket } = await join();
  const left = client.leave().catch(({ code }) => code);
  await next("leave");
  cut(socket);
  expect(await left).toBe("disconnected");
  await next("connection");
  (await next("resume")).reply(resumed(0));
  await next("leave");
});

test("a join whose answer is lost is no seat: what became of it isn't known", async () => {
  const { next, join } = await startScripted();
  const { client, socket, told } = await join();
  const joining = client.join("other").catch(({ code }) => code);
  await next("join");
  cut(socket);
  expect(await joining).toBe("disconnected");
  await next("connection");
  await vi.waitFor(() => expect(told).toEqual(["disconnect", "connect"]));
});

test("without a ticket a lost connection is a lost seat, as ever", async () => {
  const { next, create } = await startScripted();
  const client = create();
  const joining = client.join("demo");
  await next("connection");
  const { socket, reply } = await next("join");
  reply(joined({ resume: undefined }));
  await joining;
  const told = record(client);
  const sent = outcome(client.sendDescription(offer("a")));
  await next("offer");
  cut(socket);
  expect(await sent).toBe("disconnected");
  expect(await outcome(client.sendDescription(offer("a")))).toBe("disconnected");
  await next("connection");
  await vi.waitFor(() => expect(told).toEqual(["disconnect", "connect"]));
});

test("what waits is bounded: the oldest go, and that is a gap", async () => {
  const { next, join } = await startScripted();
  const { client, socket, told } = await join();
  cut(socket);
  await heardOf(client, "disconnect");
  const sent = Array.from({ length: 514 }, (_, i) =>
    outcome(client.sendDescription(offer(String(i)))),
  );
  await next("connection");
  (await next("resume")).reply(resumed(0));
  for (let i = 2; i < 514; i++) {
    const { args, reply } = await next("offer");
    expect(args[0]).toMatchObject({ sdp: String(i) });
    reply({ ok: true, delivered: 1 });
  }
  const outcomes = await Promise.all(sent);
  expect(outcomes.slice(0, 3)).toEqual(["disconnected", "disconnected", 1]);
  expect(told.at(-1)).toBe("resume gap");
});

test("what waits is given up when the seat is surely gone", async () => {
  const { next, create } = await startScripted();
  const client = create();
  const joining = client.join("demo");
  await next("connection");
  const { socket, reply } = await next("join");
  reply(joined({ resume: { ticket: "first", graceMs: 0 } }));
  await joining;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const lost = heardOf(client, "disconnect");
  cut(socket);
  await lost;
  const outcomes: unknown[] = [];
  const waits = outcome(client.sendDescription(offer("a"))).then((code) => outcomes.push(code));
  vi.advanceTimersByTime(19_999);
  await Promise.resolve();
  expect(outcomes).toEqual([]);
  vi.advanceTimersByTime(1);
  await waits;
  expect(await outcome(client.sendDescription(offer("b")))).toBe("disconnected");
  expect(outcomes).toEqual(["disconnected"]);
});

test("reports of calls wait for the seat, the newest 64 of them; a refusal of one is no error", async () => {
  const { next, join, heard } = await startScripted();
  const { client, socket } = await join();
  const report = (ms: number) => client.reportCall("bob", { outcome: "failed", ms });
  const errors: unknown[] = [];
  client.addEventListener("error", ({ error }) => errors.push(error.message));
  report(0);
  // Nobody is asked for an acknowledgement.
  expect((await next("call_report")).args).toEqual([{ to: "bob", outcome: "failed", ms: 0 }]);
  socket.emit("signal_error", { event: "call_report", code: "bad_request", message: "no such" });
  socket.emit("signal_error", { event: "leave", code: "internal", message: "told" });
  await vi.waitFor(() => expect(errors).toEqual(["told"]));
  cut(socket);
  await heardOf(client, "disconnect");
  for (let ms = 1; ms <= 70; ms++) report(ms);
  await next("connection");
  const { reply } = await next("resume");
  expect(heard).toEqual([]);
  // Connected, but the seat isn't ours yet.
  report(71);
  reply(resumed(0));
  for (let ms = 8; ms <= 71; ms++) {
    expect((await next("call_report")).args).toMatchObject([{ ms }]);
  }
});

test("reports of calls that wait are dropped when the seat is gone", async () => {
  const { next, join } = await startScripted();
  const { client, socket } = await join();
  cut(socket);
  await heardOf(client, "disconnect");
  client.reportCall("bob", { outcome: "failed", ms: 1 });
  await next("connection");
  (await next("resume")).reply(refused("resume_failed"));
  await heardOf(client, "connect");
  const joining = client.join("demo");
  const again = await next("join");
  again.reply(joined());
  await joining;
  cut(again.socket);
  await next("connection");
  (await next("resume")).reply(resumed(0));
  await heardOf(client, "resume");
  client.reportCall("bob", { outcome: "failed", ms: 2 });
  expect((await next("call_report")).args).toMatchObject([{ ms: 2 }]);
});

test("[M2] own metadata is said again after a gap, and outlives a cut", async () => {
  const { next, create } = await startScripted();
  const client = create();
  const joining = client.join("demo", { metadata: { role: "host" } });
  await next("connection");
  const { socket, args, reply } = await next("join");
  expect(args[0]).toMatchObject({ metadata: { role: "host" } });
  reply(joined());
  await joining;
  const setting = client.setMetadata([1]);
  await next("set_metadata");
  cut(socket);
  await next("connection");
  const second = await next("resume");
  second.reply(resumed(0));
  const again = await next("set_metadata");
  expect(again.args).toEqual([{ metadata: [1] }]);
  again.reply({ ok: true });
  await setting;
  cut(second.socket);
  await next("connection");
  (await next("resume")).reply(resumed(null));
  expect((await next("set_metadata")).args).toEqual([{ metadata: [1] }]);
});
