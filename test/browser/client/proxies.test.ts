/** WebSocket first, and what lies in its way. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SignalingClient, type SignalingOptions } from "../../../src/client/index.ts";
import { lacksBrowser, launchBrowser } from "../../support/browser.ts";
import { createCaller, seeEachOther } from "../../support/calls.ts";
import { moveAway } from "../../support/distance.ts";
import { type OnUpgrade, startProxy } from "../../support/http-proxy.ts";
import { heardOf } from "../../support/scripted-server.ts";
import { startServer } from "../../support/server.ts";

/** How long joining may take, in milliseconds: a refusal falls back at once, silence after 4 s and a pause of 1 s. */
const WAYS: [OnUpgrade, number][] = [
  [400, 1_000],
  [403, 1_000],
  [426, 1_000],
  ["drop", 1_000],
  ["swallow", 6_000],
];

describe("in Node", () => {
  // The longest that a client waits between two tries.
  beforeEach(() => {
    vi.spyOn(Math, "random").mockReturnValue(0.999);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  async function join(onUpgrade: OnUpgrade, options: SignalingOptions = {}) {
    const server = await startServer();
    const proxy = await startProxy(server.url, onUpgrade);
    const start = performance.now();
    const client = new SignalingClient(proxy.url, options);
    await client.join("demo");
    const tookMs = performance.now() - start;
    vi.mocked(Math.random).mockReturnValue(0);
    const engine = () => client["socket"].io.engine;
    /** Loses the connection, and waits for the next. Gives what was asked for on the way. */
    const again = async () => {
      proxy.asked.length = 0;
      engine().close();
      await heardOf(client, "resume");
      return [...proxy.asked];
    };
    return { client, proxy, tookMs, again, engine };
  }

  test("where nothing is in its way, there is one WebSocket and no polling, each time", async () => {
    const { client, proxy, again, engine } = await join("pass");
    expect([proxy.asked, engine().transport.name]).toEqual([["websocket"], "websocket"]);
    expect(await again()).toEqual(["websocket"]);
    client.close();
  });

  test("joined after three round trips: TCP, the WebSocket, and CONNECT with the join; as many to resume", async () => {
    const server = await startServer();
    const roundTripMs = 50;
    const url = await moveAway(server.url, roundTripMs);
    const took: Record<"join" | "resume", number[]> = { join: [], resume: [] };
    for (let tries = 0; tries < 8; tries++) {
      const start = performance.now();
      const client = new SignalingClient(url);
      await client.join("demo");
      took.join.push(performance.now() - start);
      vi.mocked(Math.random).mockReturnValue(0);
      const lost = heardOf(client, "disconnect");
      client["socket"].io.engine.close();
      await lost;
      const lostAt = performance.now();
      await heardOf(client, "resume");
      took.resume.push(performance.now() - lostAt);
      client.close();
    }
    for (const [event, all] of Object.entries(took)) {
      console.log(`${event}: ${all.map(Math.round).join(", ")} ms at a round trip of 50 ms`);
      // The fastest, since the machine may have other work.
      expect(Math.min(...all) / roundTripMs).toBeGreaterThan(2.9);
      expect(Math.min(...all) / roundTripMs).toBeLessThan(3.8);
    }
  });

  test.each(WAYS)("%s: falls back to polling, and begins with it from then on", async (...way) => {
    const [onUpgrade, mostMs] = way;
    const { client, proxy, tookMs, again, engine } = await join(onUpgrade);
    expect(tookMs).toBeLessThan(mostMs);
    // Whoever begins with polling tries the other as well, and needn't wait for it.
    const first = ["websocket", "polling"];
    expect(proxy.asked.slice(0, 2)).toEqual(first);
    const start = performance.now();
    expect((await again())[0]).toBe("polling");
    expect(performance.now() - start).toBeLessThan(1_000);
    expect(engine().transport.name).toBe("polling");
    // On another network it passes: by an upgrade, and then at once.
    proxy.onUpgrade = "pass";
    await again();
    await expect.poll(() => engine().transport.name).toBe("websocket");
    expect(await again()).toEqual(["websocket"]);
    client.close();
  });

  test("an order of one's own stays as it is", async () => {
    const polling = await join("pass", { transports: ["polling", "websocket"] });
    await expect.poll(() => polling.engine().transport.name).toBe("websocket");
    expect((await polling.again())[0]).toBe("polling");
    polling.client.close();
    const webSocket = await join("drop", { transports: ["websocket", "polling"] });
    expect((await webSocket.again()).slice(0, 2)).toEqual(["websocket", "polling"]);
    webSocket.client.close();
  });
});

test.skipIf(lacksBrowser()).each(WAYS)(
  "%s: a call in Chromium, joined in time",
  async (onUpgrade, mostMs) => {
    const server = await startServer();
    const proxy = await startProxy(server.url, onUpgrade);
    const caller = await createCaller(await launchBrowser(), server.url);
    const pages = [await caller.open(), await caller.open()];
    const join = async (url: string) => {
      const { client, signaling, camera } = window;
      signaling.close();
      Math.random = () => 0.999;
      const start = performance.now();
      const mesh = new client.Mesh(new client.SignalingClient(url), { streams: [camera] });
      window.watch(mesh);
      await mesh.join("demo");
      return performance.now() - start;
    };
    const took = await Promise.all(pages.map((page) => page.evaluate(join, proxy.url)));
    console.log(`${onUpgrade}: joined after ${took.map(Math.round).join(" and ")} ms`);
    for (const ms of took) expect(ms).toBeLessThan(mostMs);
    expect(proxy.asked[0]).toBe("websocket");
    await seeEachOther(pages);
  },
);
