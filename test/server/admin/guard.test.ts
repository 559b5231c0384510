/** Who may use the admin listener, and that nothing of it is on the public port. */

import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { createConfig, parseConfig } from "../../../src/config/config.ts";
import { ask } from "../../support/admin.ts";
import { startServer } from "../../support/server.ts";

const TOKEN = "a-token-of-some-length";
const PATHS = ["/metrics", "/rooms", "/rooms/demo", "/rooms/demo/timeline", "/", "/admin.js"];
const ACTIONS = ["/rooms/demo/close", "/peers/x/disconnect", "/drain"];

/** `fetch` sets Host, Origin and Sec-Fetch-Site itself. */
function statusOf(
  url: string,
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url + path, { headers, method }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on("error", reject).end();
  });
}

const startOpen = () => startServer({ ADMIN_PORT: "0" });
const startWithToken = (env = {}) =>
  startServer({ ADMIN_PORT: "0", ADMIN_TOKEN: TOKEN, ...env }, {});
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const basic = (text: string) => ({
  Authorization: `Basic ${Buffer.from(text).toString("base64")}`,
});

describe("the public port", () => {
  test("has nothing of the admin listener", async () => {
    const { url } = await startOpen();
    for (const path of [...PATHS.slice(0, 4), "/admin.js", "/admin.css", "/admin/index.html"]) {
      expect([path, await statusOf(url, path)]).toEqual([path, 404]);
    }
    for (const path of ACTIONS) {
      expect([path, await statusOf(url, path, {}, "POST")]).toEqual([path, 404]);
    }
  });

  test("is all there is without ADMIN_PORT", async () => {
    expect((await startServer()).adminUrl).toBe("");
  });
});

describe("with ADMIN_TOKEN", () => {
  test("nothing is answered without it, or with a wrong one", async () => {
    const { adminUrl } = await startWithToken();
    for (const path of PATHS) {
      for (const headers of [{}, bearer("wrong"), basic(`admin:${TOKEN}x`), basic("wrong")]) {
        // Fewer wrong ones than are allowed at once.
        if (path !== "/metrics" && Object.keys(headers).length > 0) continue;
        expect(await statusOf(adminUrl, path, headers)).toBe(401);
      }
    }
    for (const path of ACTIONS) expect(await statusOf(adminUrl, path, {}, "POST")).toBe(401);
    const response = await fetch(`${adminUrl}/rooms`);
    expect(response.headers.get("www-authenticate")).toMatch(/^Basic realm=/);
  });

  test("it is a bearer token, or a password with any user name", async () => {
    const { adminUrl } = await startWithToken();
    for (const headers of [bearer(TOKEN), basic(`:${TOKEN}`), basic(`ops:${TOKEN}`)]) {
      expect(await statusOf(adminUrl, "/rooms", headers)).toBe(200);
    }
    expect(await statusOf(adminUrl, "/drain", bearer(TOKEN), "POST")).toBe(202);
  });

  test("pages of other origins are refused, whatever they know", async () => {
    const { adminUrl } = await startWithToken();
    const rebound = { Host: "evil.example", Origin: "http://evil.example" };
    for (const foreign of [
      { Origin: "https://evil.example" },
      { Origin: "null" },
      rebound,
      { "Sec-Fetch-Site": "cross-site" },
      { "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate" },
    ]) {
      const headers = { ...foreign, ...bearer(TOKEN) };
      expect(await statusOf(adminUrl, "/rooms", headers)).toBe(403);
      expect(await statusOf(adminUrl, "/drain", headers, "POST")).toBe(403);
    }
    const own = { Origin: adminUrl, "Sec-Fetch-Site": "same-origin", ...bearer(TOKEN) };
    expect(await statusOf(adminUrl, "/rooms", own)).toBe(200);
    const link = { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate" };
    expect(await statusOf(adminUrl, "/", { ...link, ...bearer(TOKEN) })).toBe(200);
  });

  test("who has shown ten wrong ones isn't let in for a while, even with the right one", async () => {
    const { adminUrl } = await startWithToken();
    for (let n = 0; n < 10; n++) {
      expect(await statusOf(adminUrl, "/rooms", bearer(`wrong-${n}`))).toBe(401);
    }
    expect(await statusOf(adminUrl, "/rooms", bearer("wrong"))).toBe(429);
    expect(await statusOf(adminUrl, "/rooms", bearer(TOKEN))).toBe(429);
  });

  test("it is never logged", async () => {
    const { adminUrl, log } = await startWithToken({ LOG_LEVEL: "trace" });
    await statusOf(adminUrl, "/rooms", bearer(TOKEN));
    await statusOf(adminUrl, "/rooms", bearer("another-token"));
    expect(log.join("")).not.toMatch(/token-of|another-token/);
  });
});

describe("without ADMIN_TOKEN, on loopback", () => {
  test("names that DNS could rebind are refused", async () => {
    const { adminUrl } = await startOpen();
    const { port } = new URL(adminUrl);
    const names = "evil.example localhost.evil.example 127.0.0.1.evil.example evil.local evil";
    for (const name of names.split(" ")) {
      for (const path of PATHS) {
        expect(await statusOf(adminUrl, path, { Host: `${name}:${port}` })).toBe(403);
      }
      for (const path of ACTIONS) {
        expect(await statusOf(adminUrl, path, { Host: `${name}:${port}` }, "POST")).toBe(403);
      }
    }
    for (const name of ["127.0.0.1", "localhost", "[::1]"]) {
      expect(await statusOf(adminUrl, "/rooms", { Host: `${name}:${port}` })).toBe(200);
    }
  });

  test("pages of other origins are refused", async () => {
    const { adminUrl } = await startOpen();
    for (const foreign of [
      { Origin: "https://evil.example" },
      { Origin: "http://localhost:1" },
      { "Sec-Fetch-Site": "cross-site" },
    ]) {
      expect(await statusOf(adminUrl, "/rooms", foreign)).toBe(403);
      expect(await statusOf(adminUrl, "/drain", foreign, "POST")).toBe(403);
    }
  });

  test("no page may read or frame it", async () => {
    const { adminUrl } = await startOpen();
    const { headers } = await fetch(`${adminUrl}/rooms`);
    expect(headers.get("access-control-allow-origin")).toBeNull();
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'self'");
    expect(headers.get("cache-control")).toBe("no-store");
  });
});

describe("ADMIN_HOST", () => {
  test("that isn't loopback needs a token", () => {
    const faults = (host: string) => () => createConfig({ adminPort: 1, adminHost: host });
    for (const host of ["0.0.0.0", "::", "192.0.2.1", "127.evil.example", "admin.example.com"]) {
      expect(faults(host)).toThrow(/adminHost: needs adminToken/);
    }
    for (const host of ["127.0.0.1", "127.1.2.3", "::1", "localhost"]) {
      expect(faults(host)).not.toThrow();
    }
    expect(() => parseConfig({ ADMIN_PORT: "1", ADMIN_HOST: "0.0.0.0" })).toThrow(
      /ADMIN_HOST: needs ADMIN_TOKEN/,
    );
    expect(parseConfig({ ADMIN_HOST: "0.0.0.0" }).adminPort).toBeUndefined();
    const adminToken = TOKEN;
    expect(createConfig({ adminPort: 1, adminHost: "::", adminToken })).toMatchObject({
      adminToken,
    });
  });

  test("a token is long, and fits into a header", () => {
    for (const adminToken of ["short", "with a blank in its middle", "ünicode-of-some-length"]) {
      expect(() => createConfig({ adminToken })).toThrow(/adminToken: must have 16 or more/);
    }
  });
});

test("an upgrade is ended, and so is the listener, whatever was asked of it", async () => {
  const server = await startWithToken();
  const { port } = new URL(server.adminUrl);
  const asks = connect(Number(port), "127.0.0.1");
  asks.write("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
  await once(asks, "close");
  const idle = connect(Number(port), "127.0.0.1");
  await once(idle, "connect");
  await server.close();
});

test("what it doesn't know is refused in JSON", async () => {
  const { adminUrl } = await startOpen();
  expect(await ask(adminUrl, "/nowhere")).toMatchObject({
    status: 404,
    body: { error: { code: "not_found" } },
  });
});
