/** A client that stops reading: it is cut off, its room is told, and nobody else waits. */

import { describe, expect, test } from "vitest";
import { Bystanders, startMeasured } from "../../support/bystanders.ts";
import { RawClient } from "../../support/raw.ts";
import { startServer, UNLIMITED } from "../../support/server.ts";
import { openTcp, upgradeRequest } from "../../support/tcp.ts";

const KIB = 1_024;
const MIB = 1_024 * KIB;
/** So that the limits of the sender don't get in the way of the receiver's. */
const FAST_SENDER = { EVENTS_PER_SECOND: "0" };

/** Joins by hand and then reads no more; gives its id. */
async function stall(
  server: { url: string },
  room: string,
): Promise<{ raw: RawClient; id: string }> {
  const raw = await RawClient.connect(server.url);
  raw.send(`420["join",{"room":"${room}"}]`);
  const ack = await raw.frame(/^430\[/);
  raw.ws.pause();
  return { raw, id: JSON.parse(ack.slice(3))[0].self.id };
}

describe("slow receivers", () => {
  test("[T3] one that stops reading is cut off in time, and costs 20 MB at most", {
    timeout: 60_000,
  }, async () => {
    const server = await startMeasured(FAST_SENDER);
    const bystanders = await Bystanders.join(server.url);
    const before = await server.measure();
    const { id } = await stall(server, "bystanders");
    let highest = 0;
    // 4,000 messages of 8 KiB: 31 MiB, were they all to wait.
    for (let batch = 0; batch < 40; batch++) {
      const sdp = "x".repeat(8 * KIB);
      await Promise.all(Array.from({ length: 100 }, () => bystanders.ada.offer(sdp, { to: id })));
      highest = Math.max(highest, (await server.measure()).heapUsed);
    }
    expect(await bystanders.ada.next("user_exit")).toEqual([{ id }]);
    expect(highest - before.heapUsed).toBeLessThan(20 * MIB);
    const after = await server.measure();
    expect(after.rss - before.rss).toBeLessThan(60 * MIB);
    expect(after.connections).toBe(2);
    for (let n = 0; n < 3; n++) await bystanders.ping();
    expect(server.hasEnded).toBe(false);
  });

  test.each([
    ["messages", { MAX_QUEUED_MESSAGES: "50", MAX_QUEUED_BYTES: "0" }],
    ["bytes", { MAX_QUEUED_MESSAGES: "0", MAX_QUEUED_BYTES: "100000" }],
  ])(
    "[T3] the bound on %s holds by itself, and others in the room get all",
    async (_what, limits) => {
      const server = await startServer({ ...UNLIMITED, ...limits });
      const [ada, bob] = [await server.connect(), await server.connect()];
      await ada.join("demo");
      await bob.join("demo");
      const { id } = await stall(server, "demo");
      let sent = 0;
      while (ada.all("user_exit").length === 0) {
        await Promise.all(
          Array.from({ length: 20 }, () => ada.offer(`${sent++}${"x".repeat(50 * KIB)}`)),
        );
      }
      expect(await ada.next("user_exit")).toEqual([{ id }]);
      await bob.settled();
      const numbers = bob.all("getOffer").map(([{ sdp }]) => Number.parseInt(sdp, 10));
      expect(numbers).toEqual(Array.from({ length: sent }, (_, n) => n));
    },
  );

  test("[T3] one that polls and doesn't come back for more is cut off alike", async () => {
    const server = await startServer(FAST_SENDER);
    const ada = await server.connect();
    await ada.join("demo");
    const polling = `${server.url}/socket.io/?EIO=4&transport=polling`;
    const { sid } = JSON.parse((await (await fetch(polling)).text()).slice(1));
    const post = (body: string) => fetch(`${polling}&sid=${sid}`, { method: "POST", body });
    await post("40");
    await post('42["join",{"room":"demo"}]');
    const [{ id }] = await ada.next("user_joined");
    while (ada.all("user_exit").length === 0) await ada.offer("x".repeat(90 * KIB), { to: id });
    expect(await ada.next("user_exit")).toEqual([{ id }]);
    expect((await post("40")).status).toBe(400);
  });

  test("one that reads on, however much comes at once, is not cut off", async () => {
    const server = await startServer(FAST_SENDER);
    const [ada, bob] = [await server.connect(), await server.connect()];
    await ada.join("demo");
    await bob.join("demo");
    const acks = await Promise.all(
      Array.from({ length: 500 }, () => ada.offer("x".repeat(8 * KIB))),
    );
    expect(acks).toEqual(acks.map(() => ({ ok: true, delivered: 1 })));
    await bob.settled();
    expect(bob.all("getOffer")).toHaveLength(500);
  });

  test("pings of the WebSocket protocol whose answers are never read end the connection", {
    timeout: 60_000,
  }, async () => {
    const server = await startMeasured();
    const bystanders = await Bystanders.join(server.url);
    const tcp = await openTcp(server.url, upgradeRequest("/socket.io/?EIO=4&transport=websocket"));
    tcp.socket.pause();
    const before = await server.measure();
    // Masked by zeros, with all the payload that a ping may have.
    const ping = Buffer.concat([Buffer.from([0x89, 0xfd, 0, 0, 0, 0]), Buffer.alloc(125)]);
    const pings = Buffer.concat(Array.from({ length: 500 }, () => ping));
    let isOpen = true;
    const closed = new Promise<void>((resolve) => {
      tcp.socket.once("close", () => {
        isOpen = false;
        resolve();
      });
    });
    let highest = 0;
    // 62 MiB in all, and as much of answers.
    for (let n = 0; n < 1_000 && isOpen; n++) {
      const drained = new Promise((resolve) => tcp.socket.once("drain", resolve));
      if (!tcp.socket.write(pings)) await Promise.race([closed, drained]);
      if (n % 100 === 0) highest = Math.max(highest, (await server.measure("as it is")).rss);
    }
    expect(isOpen).toBe(false);
    expect(highest - before.rss).toBeLessThan(30 * MIB);
    await bystanders.areUnharmed(server);
  });
});
