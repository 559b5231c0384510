/** Pages of other sites: kept out over polling and WebSocket alike. */

import { describe, expect, test } from "vitest";
import { RawClient } from "../../support/raw.ts";
import { startServer } from "../../support/server.ts";
import { openTcp, upgradeRequest } from "../../support/tcp.ts";

const ALLOWED = "https://app.example.com";

const BAD = [
  "https://evil.example",
  "null",
  "",
  "*",
  // Look-alikes of the one that is allowed.
  "http://app.example.com",
  "https://app.example.com:443",
  "https://app.example.com:8443",
  "https://app.example.com.",
  "https://app.example.com/",
  "https://app.example.com/path",
  "https://app.example.com.evil.example",
  "https://app.example.com@evil.example",
  "https://evil.example/https://app.example.com",
  "https://evil.example?https://app.example.com",
  "https://evil.example#https://app.example.com",
  "https://evilapp.example.com",
  "https://evil-app.example.com",
  "https://sub.app.example.com",
  "https://example.com",
  "https://app.example.co",
  "https://app.example.comm",
  "https://app-example.com",
  "https://appXexample.com",
  "https://APP.EXAMPLE.COM",
  "HTTPS://app.example.com",
  "https:app.example.com",
  "//app.example.com",
  "app.example.com",
  "wss://app.example.com",
  "ftp://app.example.com",
  "file://",
  "chrome-extension://app.example.com",
  "https://app.example.com, https://evil.example",
  "https://app.example.com https://evil.example",
  "https://[::1]",
  "https://127.0.0.1",
  "https://xn--pp-mia.example.com",
  "https://app.example.com%00.evil.example",
  "https://app.example.com%2eevil.example",
  "https://app.example.com\\\\.evil.example",
  // The default's, which a list takes the place of.
  "http://localhost:3000",
  "http://localhost",
];

const POLLING = "/socket.io/?EIO=4&transport=polling";
const WEBSOCKET = "/socket.io/?EIO=4&transport=websocket";

/** The status of a handshake with these headers, on both transports. */
async function handshakes(url: string, headers: Record<string, string>): Promise<number[]> {
  const all = { Host: "signaling.example", ...headers };
  return [
    statusOf(await request(url, `GET ${POLLING}`, all)),
    statusOf(await (await openTcp(url, upgradeRequest(WEBSOCKET, all))).answered()),
  ];
}

/** The answer to one HTTP request. */
async function request(
  url: string,
  line: string,
  headers: Record<string, string>,
  body = "",
): Promise<string> {
  const all = { ...headers, Connection: "close", "Content-Length": String(body.length) };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const connection = await openTcp(url, `${line} HTTP/1.1\r\n${head.join("")}\r\n${body}`);
  return connection.ended();
}

const statusOf = (answer: string) => Number(answer.match(/^HTTP\/1.1 (\d+)/)?.[1]);

describe("origins", () => {
  test.each(BAD)("%j is kept out, by polling and by WebSocket", async (origin) => {
    const server = await startServer({ CORS_ORIGIN: ALLOWED });
    expect(await handshakes(server.url, { Origin: origin })).toEqual([403, 400]);
    expect(server.io.engine.clientsCount).toBe(0);
  });

  test.each(["j=0", "%6A=0", "j"])("a script of any page's can't poll: ?%s", async (query) => {
    const server = await startServer({ CORS_ORIGIN: ALLOWED });
    const response = await fetch(`${server.url}${POLLING}&${query}`);
    expect(response.status).toBe(403);
    expect(await response.text()).toContain("JSONP is not served");
    expect(server.io.engine.clientsCount).toBe(0);
  });

  test("the one on the list comes in, and so does a client without an Origin", async () => {
    const server = await startServer({ CORS_ORIGIN: ALLOWED });
    await RawClient.connect(server.url, { headers: { origin: ALLOWED } });
    await RawClient.connect(server.url);
    const polling = await fetch(server.url + POLLING, { headers: { origin: ALLOWED } });
    expect(polling.status).toBe(200);
    expect(server.io.engine.clientsCount).toBe(3);
  });

  test("a guessed session opens nothing", async () => {
    const server = await startServer({ CORS_ORIGIN: ALLOWED });
    const opened = await fetch(server.url + POLLING, { headers: { origin: ALLOWED } });
    const { sid } = JSON.parse((await opened.text()).slice(1));
    for (const guess of [`${sid.slice(1)}A`, "__proto__", "constructor", "%00"]) {
      expect((await fetch(`${server.url}${POLLING}&sid=${guess}`)).status, guess).toBe(400);
    }
  });

  test("by default the server's own page and localhost come in, nobody else", async () => {
    const server = await startServer();
    const { host } = new URL(server.url);
    for (const origin of [`http://${host}`, "http://localhost:5173", "https://127.0.0.1"]) {
      await RawClient.connect(server.url, { headers: { origin } });
    }
    for (const origin of ["null", `http://${host}.evil.example`, "http://localhost.evil.example"]) {
      expect(await handshakes(server.url, { Origin: origin }), origin).toEqual([403, 400]);
    }
  });

  test.each([
    {},
    { CORS_ORIGIN: ALLOWED },
    { TRANSPORTS: "websocket" },
    { CORS_ORIGIN: ALLOWED, TRANSPORTS: "websocket" },
  ])("with %j: the server's own page comes in, one that rebound its name does not", async (env) => {
    const server = await startServer({ ...env, TRUST_PROXY: "loopback" });
    const [polled, refused] = "TRANSPORTS" in env ? [400, 400] : [200, 403];
    const { host } = new URL(server.url);
    const own = [
      { Origin: `http://${host}`, Host: host },
      { Origin: "http://nas:3000", Host: "nas:3000" },
      { Origin: "http://nas.local", Host: "nas.local" },
      { Origin: "https://calls.example", Host: "calls.example" },
      { Origin: "https://calls.example", Host: "x:3000", "X-Forwarded-Host": "calls.example" },
    ];
    for (const headers of own) {
      expect(await handshakes(server.url, headers), headers.Origin).toEqual([polled, 101]);
    }
    const foreign = [
      { Origin: "http://evil.example:3000", Host: "evil.example:3000" },
      { Origin: "http://evil.example", Host: "x:3000", "X-Forwarded-Host": "evil.example" },
      { Origin: "https://calls.example", Host: "calls.example", "X-Forwarded-Host": "x.example" },
      { Origin: "http://192.168.0.5:8080", Host: "192.168.0.9:3000" },
      { Origin: "http://192.168.0.5:8080", Host: "192.168.0.5:3000" },
    ];
    for (const headers of foreign) {
      expect(await handshakes(server.url, headers), headers.Origin).toEqual([refused, 400]);
    }
  });

  test("X-Forwarded-Host counts from trusted proxies only", async () => {
    const server = await startServer();
    const headers = { Origin: "https://evil.example", "X-Forwarded-Host": "evil.example" };
    expect(await handshakes(server.url, headers)).toEqual([403, 400]);
  });

  test("a rebound page that polled without an Origin gets no further by POST or WebSocket", async () => {
    const server = await startServer({ LOG_LEVEL: "warn" });
    const rebound = { Host: "evil.example:3000" };
    const Origin = "http://evil.example:3000";
    const opened = await request(server.url, `GET ${POLLING}`, rebound);
    const { sid } = JSON.parse(opened.match(/\{"sid".*?\}/)?.[0] ?? "");
    for (const query of [`&sid=${sid}`, `&sid=&sid=${sid}`, `&%73id=${sid}`]) {
      const posted = await request(
        server.url,
        `POST ${POLLING}${query}`,
        { ...rebound, Origin },
        "40",
      );
      expect(statusOf(posted), query).toBe(400);
      const upgrade = upgradeRequest(`${WEBSOCKET}${query}`, { ...rebound, Origin });
      expect(statusOf(await (await openTcp(server.url, upgrade)).ended()), query).toBe(400);
    }
    expect(server.io.sockets.sockets.size).toBe(0);
    expect(server.log.join("")).toContain(Origin);
    // Who may come in goes on by POST.
    const posted = await request(
      server.url,
      `POST ${POLLING}&sid=${sid}`,
      { ...rebound, Origin: "http://localhost:5173" },
      "40",
    );
    expect(statusOf(posted)).toBe(200);
  });

  test("a page kept out fills no log, however often it tries; its origin is named", async () => {
    const server = await startServer({ CORS_ORIGIN: ALLOWED, LOG_LEVEL: "warn" });
    for (let n = 0; n < 50; n++) {
      await fetch(server.url + POLLING, { headers: { origin: "https://evil.example" } });
    }
    expect(server.log.length).toBeLessThan(20);
    expect(JSON.parse(server.log[0] ?? "")).toMatchObject({
      level: "warn",
      origin: "https://evil.example",
      reason: expect.stringContaining("CORS_ORIGIN"),
    });
  });

  test("an origin of any length and any bytes is one short line in the log", async () => {
    const server = await startServer({ LOG_LEVEL: "warn" });
    await handshakes(server.url, { Origin: `https://\u009b31m\u00e9 ${"x".repeat(9_000)}` });
    expect(server.log).toHaveLength(2);
    for (const line of server.log) {
      expect(line.length).toBeLessThan(500);
      expect(line).toMatch(/^[ -~]+\n$/);
    }
  });
});
