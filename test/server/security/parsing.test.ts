/** What it costs to parse what a client sends: it is paid for by the byte, before it is parsed. */

import { describe, expect, onTestFinished, test, vi } from "vitest";
import { openPolling } from "../../support/polling.ts";
import { RawClient } from "../../support/raw.ts";
import { startServer } from "../../support/server.ts";

/** The second allowance is of 100, less 10 for CONNECT: 225 KiB. */
const BURST_OF_50 = { EVENTS_PER_SECOND: "1", EVENT_BURST: "50" };

/** How many JSON texts over 50 KB were parsed. */
function countLargeParses(): () => number {
  const parse = vi.spyOn(JSON, "parse");
  onTestFinished(() => parse.mockRestore());
  return () => parse.mock.calls.filter(([text]) => text.length > 50_000).length;
}

describe("parsing", () => {
  test("[T2] large events of any name are paid for by the byte, and those over it aren't parsed", async () => {
    const server = await startServer(BURST_OF_50);
    const bob = await server.connect();
    await bob.join("demo");
    const raw = await RawClient.connect(server.url);
    const largeParses = countLargeParses();
    const closed = raw.closed();
    raw.send('42["join",{"room":"demo"}]');
    const [{ id }] = await bob.next("user_joined");
    for (let n = 0; n < 20; n++) raw.send(`42["attack${n}",${"[],".repeat(33_000)}0]`);
    await closed;
    expect(largeParses()).toBe(2);
    expect(await bob.next("user_exit")).toEqual([{ id }]);
  });

  test("[T2] a client by polling pays the same", async () => {
    const server = await startServer(BURST_OF_50);
    const { post } = await openPolling(server.url);
    await post("40");
    const largeParses = countLargeParses();
    for (let n = 0; n < 4; n++) await post(`42["attack",${"[],".repeat(33_000)}0]`).catch(() => {});
    expect(largeParses()).toBe(2);
    await server.untilConnections(0);
  });

  test("[T2] attachments are paid for by the byte", async () => {
    const server = await startServer(BURST_OF_50);
    const raw = await RawClient.connect(server.url);
    let arrived = 0;
    for (const { conn } of server.io.sockets.sockets.values()) {
      conn.on("data", (data: unknown) => {
        if (data instanceof Buffer && conn.readyState === "open") arrived++;
      });
    }
    const closed = raw.closed();
    raw.send('455-["attack",{"_placeholder":true,"num":0}]');
    for (let n = 0; n < 5; n++) raw.send(new Uint8Array(100_000));
    await closed;
    expect(arrived).toBe(2);
  });

  test("[T1] who keeps to the allowance keeps to that of bytes: offers of any size, as many as fit", async () => {
    const line = "a=candidate:842163049 1 udp 1677729535 192.0.2.1 54321 typ srflx\r\n";
    for (const bytes of [4_095, 40_000, 98_304]) {
      const server = await startServer();
      const ada = await server.connect();
      await ada.join("demo");
      const sdp = line.repeat(Math.ceil(bytes / line.length)).slice(0, bytes);
      const count = Math.floor(490 / Math.ceil((bytes + 1) / 4_096));
      const acks = Array.from({ length: count }, () => ada.offer(sdp));
      for (const ack of await Promise.all(acks)) expect(ack).toEqual({ ok: true, delivered: 0 });
    }
  });
});
