/** Pages of other sites: kept out of handshakes over polling and WebSocket alike. */

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

/** The status of a handshake with this Origin, on both transports. */
async function handshakes(url: string, origin: string): Promise<number[]> {
  const head = `GET ${POLLING} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nOrigin: ${origin}\r\n\r\n`;
  const polling = await openTcp(url, head);
  const websocket = await openTcp(url, upgradeRequest(WEBSOCKET, { Origin: origin }));
  const answers = [await polling.ended(), await websocket.ended()];
  return answers.map((answer) => Number(answer.match(/^HTTP\/1.1 (\d+)/)?.[1]));
}

describe("origins", () => {
  test.each(BAD)("%j is kept out, by polling and by WebSocket", async (origin) => {
    const server = await startServer({ CORS_ORIGIN: ALLOWED });
    expect(await handshakes(server.url, origin)).toEqual([403, 400]);
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
      expect(await handshakes(server.url, origin), origin).toEqual([403, 400]);
    }
  });

  test("a page kept out fills no log, however often it tries", async () => {
    const server = await startServer({ CORS_ORIGIN: ALLOWED, LOG_LEVEL: "warn" });
    for (let n = 0; n < 50; n++) {
      await fetch(server.url + POLLING, { headers: { origin: "https://canary.example" } });
    }
    expect(server.log.length).toBeGreaterThan(0);
    expect(server.log.length).toBeLessThan(20);
    expect(server.log.join("")).not.toContain("canary");
  });
});
