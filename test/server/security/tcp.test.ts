/** TCP connections that break off, that ask before they were answered, and that read nothing. */

import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { createHttpServer } from "../../../src/connections/http-server.ts";
import { Bystanders, startMeasured } from "../../support/bystanders.ts";
import { startServer } from "../../support/server.ts";
import { openTcp } from "../../support/tcp.ts";
import { post, request, upgradeRequest } from "../../support/wire.ts";

const POLLING = "/socket.io/?EIO=4&transport=polling";
const WEBSOCKET = "/socket.io/?EIO=4&transport=websocket";

/** Opens a session by polling; gives the path of its requests. */
async function openSession(url: string): Promise<string> {
  const text = await (await fetch(`${url}${POLLING}`)).text();
  return `${POLLING}&sid=${JSON.parse(text.slice(1)).sid}`;
}

describe("a connection that breaks off", () => {
  test.each([
    ["to the session's WebSocket", upgradeRequest(`${WEBSOCKET}&sid=unknown`)],
    ["to a WebSocket", upgradeRequest(WEBSOCKET)],
    ["to polling", upgradeRequest(POLLING)],
    ["to another path", upgradeRequest("/elsewhere")],
    ["to something else", request(POLLING, { headers: "Connection: Upgrade\r\nUpgrade: h2c\r\n" })],
  ])("behind a POST and an upgrade %s doesn't end the process", async (_name, upgrade) => {
    const server = await startMeasured();
    const bystanders = await Bystanders.join(server.url);
    for (let n = 0; n < 3; n++) {
      const path = await openSession(server.url);
      const { socket } = await openTcp(server.url, post(path, "40") + upgrade);
      socket.resetAndDestroy();
      await once(socket, "close");
    }
    await bystanders.areUnharmed(server);
  });

  test("a connection that can't be accepted is logged and doesn't end the process", async () => {
    const server = await startServer({ LOG_LEVEL: "error" });
    server.httpServer.emit("error", new Error("accept EMFILE"));
    expect(server.log.join()).toContain("accept EMFILE");
    await server.connect();
  });
});

describe("a request before the last one was answered", { timeout: 8_000 }, () => {
  test.each([
    ["GET", request("/app.js")],
    ["HEAD", request("/app.js", { method: "HEAD" })],
    ["POST", post("/health", "x")],
    ["a request that expects 100-continue", request("/", { headers: "Expect: 100-continue\r\n" })],
    ["a request that expects something else", request("/", { headers: "Expect: wonders\r\n" })],
    ["a request without a Host", "GET / HTTP/1.1\r\n\r\n"],
    ["CONNECT", request("localhost:80", { method: "CONNECT" })],
    ["an upgrade to a WebSocket", upgradeRequest(WEBSOCKET)],
    ["an upgrade to something else", upgradeRequest("/elsewhere")],
    ["a malformed request", "nonsense\r\n\r\n"],
  ])("%s ends the connection and the session", async (_name, second) => {
    const server = await startServer();
    const poll = request(await openSession(server.url));
    await (await openTcp(server.url, poll + second)).ended();
    await server.untilConnections(0);
  });

  test("it ends as well when it comes later, in a packet of its own", async () => {
    const server = await startServer();
    const path = await openSession(server.url);
    const tcp = await openTcp(server.url, request(path));
    // Once a POST on another connection is answered, the poll has been read.
    await fetch(`${server.url}${path}`, { method: "POST", body: "3" });
    tcp.socket.write(request("/health"));
    expect(await tcp.ended()).not.toContain("200 OK");
    await server.untilConnections(0);
  });

  test.runIf(process.platform === "linux").each(["/app.js", "/socket.io/socket.io.js"])(
    "64 KB of requests for %s, never read: no descriptors (needs /proc)",
    async (path) => {
      const server = await startMeasured();
      const bystanders = await Bystanders.join(server.url);
      const { port } = new URL(server.url);
      const before = await server.measure();
      for (let n = 0; n < 5; n++) {
        const socket = connect({ host: "127.0.0.1", port: Number(port) }).on("error", () => {});
        socket.write(request(path).repeat(64_000 / request(path).length));
        // A reset, of data that weren't read, is an end as good as any; `once` would reject.
        await new Promise((resolve) => socket.once("close", resolve));
      }
      await bystanders.areUnharmed(server);
      const after = await server.measure();
      expect(after.descriptors).toBe(before.descriptors);
      expect(after.rss - before.rss).toBeLessThan(100 * 2 ** 20);
    },
  );
});

describe("an answer that isn't read", () => {
  test("its connection ends after the heartbeat's time", async () => {
    const config = {
      trustProxy: true,
      maxConnections: 0,
      maxConnectionsPerAddress: 0,
      pingIntervalMs: 100,
      pingTimeoutMs: 200,
    };
    const endless = "x".repeat(64 * 2 ** 20);
    const server = createHttpServer((_request, response) => response.end(endless), config);
    onTestFinished(() => void server.close());
    await once(server.listen(0, "127.0.0.1"), "listening");
    const [{ port }, arrived] = [server.address() as AddressInfo, once(server, "connection")];
    const socket = connect({ host: "127.0.0.1", port }).on("error", () => {});
    onTestFinished(() => void socket.destroy());
    socket.pause().write(request("/"));
    const [connection] = await arrived;
    await once(connection, "close");
  });
});

describe("what clients and proxies do goes on", () => {
  test("requests one after another on one connection, large, empty and refused", async () => {
    const server = await startServer();
    const tcp = await openTcp(server.url);
    const answer = async (request: string, end: RegExp) => {
      const start = tcp.read().length;
      tcp.socket.write(request);
      while (!end.test(tcp.read().slice(start))) await once(tcp.socket, "data");
    };
    const path = await openSession(server.url);
    for (let round = 0; round < 20; round++) {
      await answer(request("/app.js"), /200 OK.*sourceMappingURL=app\.js\.map\n?$/s);
      await answer(request("/socket.io/socket.io.js"), /200 OK.*\r\n0\r\n\r\n$/s);
      await answer(request("/app.js", { method: "HEAD" }), /200 OK.*\r\n\r\n$/s);
      await answer(request("/nowhere"), /404 Not Found.*\}$/s);
      await answer(
        request("/health", { headers: "Expect: 100-continue\r\n" }),
        /100 Continue.*200 OK.*\}$/s,
      );
      await answer(request("/health", { headers: "Expect: wonders\r\n" }), /200 OK.*\}$/s);
      await answer(post(path, "3"), /200 OK.*ok$/s);
    }
  });

  test("an upgrade on a connection whose requests were answered", async () => {
    const server = await startServer();
    const tcp = await openTcp(server.url, request("/health"));
    while (!tcp.read().endsWith("}")) await once(tcp.socket, "data");
    tcp.socket.write(upgradeRequest(WEBSOCKET));
    while (!/101 Switching.*"sid"/s.test(tcp.read())) await once(tcp.socket, "data");
  });

  test("a POST while a poll waits on another connection", async () => {
    const server = await startServer();
    const path = await openSession(server.url);
    const poll = await openTcp(server.url, request(path));
    const sent = await fetch(`${server.url}${path}`, { method: "POST", body: "40" });
    expect(await sent.text()).toBe("ok");
    while (!/\r\n\r\n40\{/.test(poll.read())) await once(poll.socket, "data");
  });

  test("without a Host a request is refused (RFC 9112, 3.2)", async () => {
    const server = await startServer();
    const tcp = await openTcp(server.url, "GET /health HTTP/1.1\r\n\r\n");
    expect(await tcp.ended()).toContain("400 Bad Request");
  });
});
