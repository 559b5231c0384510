/** Connections that are opened and left: each ends by itself, and holds up nobody meanwhile. */

import { describe, expect, test } from "vitest";
import { RawClient } from "../../support/raw.ts";
import { startServer, type TestServer } from "../../support/server.ts";
import { openTcp, upgradeRequest } from "../../support/tcp.ts";

const POLLING = "/socket.io/?EIO=4&transport=polling";

/** Begins of conversations, and after how many seconds at most the server must have ended them. */
const BEGINNINGS: [string, string, number][] = [
  ["nothing at all", "", 15],
  ["half a request line", "GET /hea", 15],
  ["headers without an end", "GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n", 15],
  [
    "a body that doesn't come",
    "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx",
    35,
  ],
  ["an upgrade to something else", upgradeRequest("/elsewhere"), 15],
  ["an upgrade without a transport", upgradeRequest("/socket.io/"), 15],
  ["an upgrade of an unknown session", upgradeRequest(`${POLLING}&sid=unknown`), 15],
  ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 15],
  [
    "a WebSocket without a socket on it",
    upgradeRequest("/socket.io/?EIO=4&transport=websocket"),
    20,
  ],
];

/** How many TCP connections the server holds. */
const countTcp = ({ httpServer }: TestServer) =>
  new Promise<number>((resolve) => httpServer.getConnections((_error, count) => resolve(count)));

describe("half-open connections", () => {
  test("nothing, half a request, slow headers, no body, foreign upgrades: each ends by itself", {
    timeout: 60_000,
  }, async () => {
    const server = await startServer();
    const ada = await server.connect();
    await ada.join("demo");
    const outlast = async ([what, text, seconds]: (typeof BEGINNINGS)[number]) => {
      const start = performance.now();
      await (await openTcp(server.url, text)).ended();
      expect((performance.now() - start) / 1_000, what).toBeLessThan(seconds);
    };
    const all = Promise.all(BEGINNINGS.map(outlast));
    expect(await ada.offer("meanwhile")).toMatchObject({ ok: true });
    await all;
    // Ended on the server's side for good, though none of them has closed it.
    await expect.poll(() => countTcp(server)).toBe(1);
    expect(await ada.offer("afterwards")).toMatchObject({ ok: true });
  });

  test("headers that come byte by byte end as soon", { timeout: 60_000 }, async () => {
    const server = await startServer();
    const tcp = await openTcp(server.url, "GET /health HTTP/1.1\r\n");
    const drip = setInterval(() => tcp.socket.write("X"), 200);
    const start = performance.now();
    await tcp.ended();
    clearInterval(drip);
    expect(performance.now() - start).toBeLessThan(15_000);
  });

  test("a peer that falls silent counts as gone after the heartbeat's time", async () => {
    const server = await startServer({ PING_INTERVAL_MS: "100", PING_TIMEOUT_MS: "200" });
    const ada = await server.connect();
    await ada.join("demo");
    const silent = await RawClient.connect(server.url);
    silent.send('420["join",{"room":"demo"}]');
    const [{ id }] = await ada.next("user_joined");
    expect(await ada.next("user_exit")).toEqual([{ id }]);
    expect(server.io.engine.clientsCount).toBe(1);
  });

  test("a client that never answers the closing handshake is cut off", async () => {
    const server = await startServer({ PING_INTERVAL_MS: "100", PING_TIMEOUT_MS: "200" });
    const tcp = await openTcp(server.url, upgradeRequest("/socket.io/?EIO=4&transport=websocket"));
    const start = performance.now();
    await tcp.ended();
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});
