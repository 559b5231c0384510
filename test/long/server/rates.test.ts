/** How much one client may send, and what becomes of one that sends more. */

import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { Bystanders, startMeasured } from "../../support/bystanders.ts";
import { openPolling } from "../../support/polling.ts";
import { RawClient } from "../../support/raw.ts";
import { startServer, TestProcess, UNLIMITED } from "../../support/server.ts";

const FLOODER = fileURLToPath(new URL("../../support/flooder.ts", import.meta.url));

/** Refills so slowly that the burst is all there is. */
const BURST_OF_20 = { EVENTS_PER_SECOND: "1", EVENT_BURST: "20" };

const candidate = (n: number) => ({ candidate: `candidate ${n}` });

describe("rates", () => {
  test("[T1] over its allowance a client is told how long to wait; nobody else is touched", async () => {
    const server = await startServer(BURST_OF_20);
    const [ada, bob] = [await server.connect(), await server.connect()];
    await ada.join("demo");
    await bob.join("demo");
    const acks = await Promise.all(
      Array.from({ length: 15 }, (_, n) => ada.request("candidate", candidate(n))),
    );
    expect(acks.slice(0, 10).every((ack) => ack.ok)).toBe(true);
    for (const ack of acks.slice(10)) {
      expect(ack).toEqual({
        ok: false,
        error: {
          code: "rate_limited",
          message: expect.stringMatching(/again in \d{1,4} ms$/),
          retryAfterMs: expect.any(Number),
        },
      });
    }
    // Without a callback the refusal is a signal_error, as ever.
    ada.socket.emit("candidate", candidate(99));
    expect(await ada.next("signal_error")).toMatchObject([
      { event: "candidate", code: "rate_limited", retryAfterMs: expect.any(Number) },
    ]);
    expect(await bob.offer("from another")).toEqual({ ok: true, delivered: 1 });
    expect(bob.all("getCandidate")).toHaveLength(10);
  });

  test("[T1] a join takes ten times as much as a candidate", async () => {
    const server = await startServer(BURST_OF_20);
    const ada = await server.connect();
    expect(await ada.join("one")).toMatchObject({ ok: true });
    expect(await ada.join("two")).toMatchObject({ ok: true });
    expect(await ada.join("three")).toMatchObject({ error: { code: "rate_limited" } });
    expect(server.maps.socketToRoom.get(ada.id)).toBe("two");
  });

  test("[T1] a join with an sdp takes no less than one without", async () => {
    const server = await startServer(BURST_OF_20);
    const ada = await server.connect();
    const join = (room: string) => ada.request("join", { room, sdp: "" });
    expect(await join("one")).toMatchObject({ ok: true });
    expect(await join("two")).toMatchObject({ ok: true });
    expect(await join("three")).toMatchObject({ error: { code: "rate_limited" } });
  });

  test("[T1] a list of candidates takes as much as its candidates", async () => {
    const server = await startServer(BURST_OF_20);
    const ada = await server.connect();
    await ada.join("demo");
    const list = Array.from({ length: 9 }, (_, n) => candidate(n));
    expect(await ada.request("candidates", list)).toMatchObject({ ok: true });
    expect(await ada.request("candidates", list)).toMatchObject({
      error: { code: "rate_limited" },
    });
  });

  test("[T1] a list without candidates isn't for nothing", async () => {
    const server = await startServer(BURST_OF_20);
    const ada = await server.connect();
    const acks = await Promise.all(Array.from({ length: 21 }, () => ada.request("candidates", [])));
    expect(acks[19]).toMatchObject({ error: { code: "bad_request" } });
    expect(acks[20]).toMatchObject({ error: { code: "rate_limited" } });
  });

  test("[T1] a description takes as much as its size", async () => {
    const server = await startServer(BURST_OF_20);
    const ada = await server.connect();
    await ada.join("demo");
    expect(await ada.offer("x".repeat(32 * 1_024 - 1))).toMatchObject({ ok: true });
    expect(await ada.offer("x".repeat(8 * 1_024))).toMatchObject({
      error: { code: "rate_limited" },
    });
    expect(await ada.offer("x".repeat(4_000))).toMatchObject({ ok: true });
  });

  test("[T1] nothing takes more than the whole allowance", async () => {
    const server = await startServer({ EVENTS_PER_SECOND: "1000", EVENT_BURST: "10" });
    const ada = await server.connect();
    await ada.join("demo");
    const list = Array.from({ length: 64 }, (_, n) => candidate(n));
    const send = () => ada.request("candidates", list);
    await expect.poll(send, { interval: 10 }).toMatchObject({ ok: true });
  });

  test("[T1] the allowance fills again: after the time it was told, a client is heard", async () => {
    const server = await startServer({ EVENTS_PER_SECOND: "100", EVENT_BURST: "10" });
    const ada = await server.connect();
    await ada.join("demo");
    const refused = await ada.join("demo");
    const [, ms] = (!refused.ok && refused.error.message.match(/(\d+) ms/)) || [];
    expect(Number(ms)).toBeLessThanOrEqual(100);
    expect(refused).toMatchObject({ error: { retryAfterMs: Number(ms) } });
    await expect.poll(() => ada.join("demo"), { interval: 20 }).toMatchObject({ ok: true });
  });

  test("[T1] by default a newcomer's call to 15 others fits, candidates and all", async () => {
    const server = await startServer();
    const others = await Promise.all(Array.from({ length: 15 }, () => server.connect()));
    for (const client of others) await client.join("demo");
    const ada = await server.connect();
    await ada.join("demo");
    const acks = others.flatMap(({ id }) => [
      ada.offer("offer", { to: id }),
      ...Array.from({ length: 30 }, (_, n) => ada.request("candidate", candidate(n), { to: id })),
    ]);
    expect((await Promise.all(acks)).filter((ack) => !ack.ok)).toEqual([]);
  });

  test("[T1] a new socket on the same connection brings no new allowance", async () => {
    const server = await startServer(BURST_OF_20);
    const bob = await server.connect();
    await bob.join("room-1");
    const raw = await RawClient.connect(server.url);
    for (let n = 0; n < 3; n++) raw.send(`42["join",{"room":"room-${n}"}]`);
    await raw.frame(/rate_limited/);
    raw.send("41");
    await bob.next("user_exit");
    raw.frames.length = 0;
    raw.send("40");
    await raw.frame(/^40\{/);
    raw.send('427["join",{"room":"demo"}]');
    expect(await raw.frame(/^437/)).toContain("rate_limited");
  });

  test.each([
    ["events", '42["candidate",{"candidate":"attack"}]'],
    ["unknown events", '42["attack"]'],
    ["acknowledgements", '437["attack"]'],
    ["visits to other namespaces", "40/attack,"],
    ["heartbeats", "3"],
  ])("[T2] who floods with %s is cut off, and its room is told", async (_what, frame) => {
    const server = await startServer({ EVENT_BURST: "50" });
    const bob = await server.connect();
    await bob.join("demo");
    const raw = await RawClient.connect(server.url);
    raw.send('420["join",{"room":"demo"}]');
    const [peer] = await bob.next("user_joined");
    const closed = raw.closed();
    for (let n = 0; n < 2_000; n++) raw.send(frame);
    await closed;
    expect(await bob.next("user_exit")).toEqual([{ id: peer.id }]);
    // What it was answered is bounded too: as many refusals as fit in the second allowance.
    expect(raw.frames.length).toBeLessThan(200);
    expect(bob.all("getCandidate").length).toBeLessThanOrEqual(50);
  });

  test.each([
    ["before it has a socket", false],
    ["that has a socket", true],
  ])("[T2] who floods the upgrade of a connection %s is cut off", async (_what, hasSocket) => {
    const server = await startServer({ EVENT_BURST: "50", LOG_LEVEL: "info" });
    const { sid, post } = await openPolling(server.url);
    if (hasSocket) await post("40");
    const raw = await RawClient.connect(server.url, { namespace: false, query: `&sid=${sid}` });
    const closed = raw.closed();
    for (let n = 0; n < 2_000; n++) raw.send("2probe");
    await closed;
    expect(raw.frames.length).toBeLessThan(200);
    await server.untilConnections(0);
    expect(server.log.filter((line) => line.includes("it sends too much"))).toHaveLength(1);
  });

  test("[T2] a flooder by polling that never fetches the disconnect packet is cut off as well", async () => {
    const server = await startServer({ EVENT_BURST: "50", PING_INTERVAL_MS: "300000" });
    const { post } = await openPolling(server.url);
    await post("40");
    await post(Array.from({ length: 200 }, () => '42["attack"]').join("\x1e"));
    await server.untilConnections(0);
  });

  test("[T2] a connection has one socket: a client that requests many at once is cut off", async () => {
    const server = await startServer();
    const raw = await RawClient.connect(server.url, { namespace: false });
    const closed = raw.closed();
    for (let n = 0; n < 100; n++) raw.send("40");
    await closed;
    expect(server.io.sockets.sockets.size).toBe(0);
  });

  test("[T2] two sockets in one payload are cut off too, which Socket.IO by itself lets pass", async () => {
    const server = await startServer();
    const { poll, post } = await openPolling(server.url);
    await post("40\x1e40");
    expect((await poll()).status).toBe(400);
    expect(server.io.sockets.sockets.size).toBe(0);
  });

  test("[T2] socket.io-client doesn't come back by itself when it was cut off", async () => {
    const server = await startServer({ EVENT_BURST: "10" });
    const ada = await server.connect({ reconnection: true, reconnectionDelay: 1 });
    const reason = new Promise((resolve) => ada.socket.once("disconnect", resolve));
    for (let n = 0; n < 100; n++) ada.socket.emit("leave");
    expect(await reason).toBe("io server disconnect");
    expect(ada.socket.active).toBe(false);
  });

  test("[T2] the place of a flooder stays taken for a while", async () => {
    const server = await startServer({ EVENT_BURST: "10", MAX_CONNECTIONS_PER_ADDRESS: "2" });
    const bystander = await server.connect();
    const ada = await server.connect();
    for (let n = 0; n < 100; n++) ada.socket.emit("leave");
    await ada.disconnected();
    await server.untilConnections(1);
    await expect(server.connect()).rejects.toThrow();
    expect(await bystander.join("demo")).toMatchObject({ ok: true });
  });

  test("a flood of one client: 1,000 messages of bystanders at most double in cost", async () => {
    const server = await startMeasured();
    const pairs = await Promise.all(
      Array.from({ length: 40 }, (_, n) => Bystanders.join(server.url, `bystanders-${n}`)),
    );
    const flooders = Array.from(
      { length: 4 },
      () => new TestProcess(["--import", "tsx", FLOODER, server.url]),
    );
    await Promise.all(flooders.map((flooder) => flooder.printed(/ready/)));

    /** The server's CPU time for messages of each pair in turn, so that all keep to their allowance. */
    const measure = async (count: number, meanwhile = async () => {}) => {
      const before = await server.measure("as it is");
      const ended = meanwhile();
      for (let n = 0; n < count; n++) await pairs[n % pairs.length]?.ping();
      await ended;
      return (await server.measure("as it is")).cpuMicros - before.cpuMicros;
    };
    await measure(2_000);
    let idle = 0;
    let flooded = 0;
    for (const flooder of flooders) {
      idle += await measure(1_000);
      expect(flooder.output).toBe("ready\n");
      flooded += await measure(1_000, async () => {
        flooder.child.stdin?.write("go\n");
        await flooder.printed(/cut off/);
      });
    }
    // While it handles the flood, it does nothing else: so this also bounds how long others wait.
    expect(flooded / idle).toBeLessThanOrEqual(2);
    for (const pair of pairs) await pair.areUnharmed(server);
  }, 90_000);

  test("candidate spam at one victim reaches it no faster than the allowance", async () => {
    const server = await startMeasured({ MAX_CONNECTIONS_PER_ADDRESS: "0" });
    const bystanders = await Bystanders.join(server.url);
    const { id } = bystanders.bob;
    const start = performance.now();
    const spammers = await Promise.all(
      Array.from({ length: 5 }, () => RawClient.connect(server.url)),
    );
    await Promise.all(
      spammers.map(async (raw) => {
        const closed = raw.closed();
        raw.send('420["join",{"room":"bystanders"}]');
        for (let n = 0; n < 20_000; n++) {
          raw.send(`42["candidate",{"candidate":"spam"},{"to":"${id}"}]`);
        }
        await closed;
      }),
    );
    await bystanders.bob.settled();
    const seconds = (performance.now() - start) / 1_000;
    const spam = bystanders.bob.all("getCandidate").length;
    expect(spam).toBeGreaterThan(0);
    expect(spam).toBeLessThanOrEqual(5 * (500 + 50 * seconds));
    for (let n = 0; n < 3; n++) await bystanders.ping();
    expect(server.hasEnded).toBe(false);
  });

  test("with EVENTS_PER_SECOND=0 nothing is refused", async () => {
    const server = await startServer(UNLIMITED);
    const ada = await server.connect();
    const acks = await Promise.all(Array.from({ length: 5_000 }, () => ada.leave()));
    expect(acks.every((ack) => ack.ok)).toBe(true);
  });
});
