/** Peers that mean harm to a mesh in a real Chromium. */

import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { lacksBrowser, launchBrowser } from "../../support/browser.ts";
import { createCaller, seeEachOther } from "../../support/calls.ts";
import { startServer, UNLIMITED } from "../../support/server.ts";

async function setUp(env: Record<string, string> = UNLIMITED) {
  const server = await startServer(env);
  const { join } = await createCaller(await launchBrowser(), server.url);
  const ada = await join();
  await ada.evaluate(() => {
    window.faulty = [];
    window.mesh.addEventListener("error", ({ peer }) => window.faulty.push(peer?.id));
  });
  return { join, ada, eve: await server.connect(), connect: server.connect };
}

/** An offer that a browser takes. */
function offerOf(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const connection = new RTCPeerConnection();
    connection.createDataChannel("x");
    const { sdp = "" } = await connection.createOffer();
    connection.close();
    return sdp;
  });
}

/** Sections of 85 bytes; a browser answers each with four times as much. Another `version` restarts ICE. */
function manySections(count: number, version = 0): string {
  const numbers = Array.from({ length: count }, (_, index) => index);
  const session = [
    "v=0",
    `o=- 1 ${version + 2} IN IP4 127.0.0.1`,
    "s=-",
    "t=0 0",
    `a=group:BUNDLE ${numbers.join(" ")}`,
    `a=ice-ufrag:${String(version).padStart(8, "x")}`,
    "a=ice-pwd:abcdefghijklmnopqrstuvwx",
    `a=fingerprint:sha-256 ${Array(32).fill("AB").join(":")}`,
    "a=setup:actpass",
  ];
  const sections = numbers.flatMap((mid) => [
    // One for our sound, so that nothing is left for us to offer.
    mid === 0 ? "m=audio 9 UDP/TLS/RTP/SAVPF 96" : "m=video 9 UDP/TLS/RTP/SAVPF 96",
    `a=mid:${mid}`,
    "a=rtcp-mux",
    mid === 0 ? "a=rtpmap:96 opus/48000/2" : "a=rtpmap:96 VP8/90000",
  ]);
  return `${[...session, ...sections].join("\r\n")}\r\n`;
}

/** The page's JavaScript heap after garbage collection, in bytes. */
async function heapOf(page: Page): Promise<number> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("HeapProfiler.collectGarbage");
  return (await devtools.send("Runtime.getHeapUsage")).usedSize;
}

describe.skipIf(lacksBrowser())("hostile peers", { timeout: 120_000 }, () => {
  test.each(["and says nothing", "and offers each time"])(
    "one that joins and leaves 600 times %s keeps nobody from being seen",
    async (how) => {
      const { join, ada, eve } = await setUp();
      const sdp = await offerOf(ada);
      const before = await ada.evaluate(() => window.madeConnections());
      const since = performance.now();
      for (let round = 0; round < 600; round++) {
        eve.socket.emit("join", { room: "demo" });
        if (how === "and offers each time") eve.socket.emit("offer", { type: "offer", sdp });
        eve.socket.emit("leave");
      }
      await eve.settled();
      const bob = await join();
      await seeEachOther([ada, bob]);
      const made = (await ada.evaluate(() => window.madeConnections())) - before;
      const seconds = (performance.now() - since) / 1_000;
      expect(made).toBeLessThanOrEqual(how === "and says nothing" ? 1 : 21 + 2 * seconds);
    },
  );

  test("40,000 candidates and never an offer: 256 are kept", async () => {
    const { ada, eve } = await setUp();
    await eve.join("demo");
    await ada.waitForFunction(() => window.mesh.peers.length === 1);
    const before = await heapOf(ada);
    for (let sent = 0; sent < 40_000; sent += 50) {
      const list = Array.from({ length: 50 }, (_, index) => ({
        candidate: String(sent + index).padEnd(2_000, "x"),
      }));
      await eve.request("candidates", list);
    }
    // What comes behind them shows that they have arrived.
    eve.socket.emit("offer", { type: "offer", sdp: "nonsense" });
    await ada.waitForFunction(() => window.faulty.length > 0);
    expect((await heapOf(ada)) - before).toBeLessThan(10_000_000);
  });

  test("short offers with long answers of five peers at once: we stay, without an error", async () => {
    const { join, ada, eve, connect } = await setUp({});
    const eves = [eve, ...(await Promise.all(Array.from({ length: 4 }, () => connect())))];
    const to = await ada.evaluate(() => window.signaling.id);
    let version = 0;
    const attack = async (client: typeof eve) => {
      await client.join("demo");
      for (let round = 0; round < 150; round++) {
        const sdp = manySections(64, ++version);
        await client.request("offer", { type: "offer", sdp }, { to });
      }
    };
    await Promise.all(eves.map(attack));
    for (const client of eves) await client.next("getAnswer");
    for (const client of eves) client.socket.disconnect();
    await ada.waitForFunction(() => window.mesh.peers.length === 0);
    expect(await ada.evaluate(() => window.states)).toEqual(["joining", "joined"]);
    await seeEachOther([ada, await join()]);
  });

  test("an offer whose answer is too large for the server is that peer's error, and we stay", async () => {
    const { join, ada, eve } = await setUp();
    await eve.join("demo");
    await ada.waitForFunction(() => window.mesh.peers.length === 1);
    const sdp = manySections(500);
    expect(sdp.length).toBeLessThan(45_000);
    // As if the server had let it pass.
    await ada.evaluate(
      ([from, sdp]) => {
        const members = { from, description: { type: "offer", sdp } };
        window.signaling.dispatchEvent(Object.assign(new Event("description"), members));
      },
      [eve.id, sdp] as const,
    );
    await ada.waitForFunction(
      () => window.faulty.length > 0 || window.states.includes("reconnecting"),
    );
    expect(await ada.evaluate(() => [window.faulty, window.errors])).toEqual([
      [eve.id],
      ["SignalingError: sdp is over its limit of 98304 bytes"],
    ]);
    expect(await ada.evaluate(() => window.states)).toEqual(["joining", "joined"]);
    eve.socket.disconnect();
    await ada.evaluate(() => window.errors.splice(0));
    await seeEachOther([ada, await join()]);
  });
});
