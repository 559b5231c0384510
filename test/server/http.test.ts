import { createServer } from "node:http";
import { describe, expect, test } from "vitest";
import { createRouter, type Readiness } from "../../src/http/router.ts";
import { listen } from "../support/application.ts";
import { startServer } from "../support/server.ts";

describe("HTTP", () => {
  test("GET /health tells status, uptime, version, rooms and peers", async () => {
    const server = await startServer();
    const [ada, bob, cyd] = [
      await server.connect(),
      await server.connect(),
      await server.connect(),
    ];
    await ada.join("one");
    await bob.join("one");
    await cyd.join("two");
    const response = await fetch(`${server.url}/health`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      status: "ok",
      uptime: expect.any(Number),
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      rooms: 2,
      peers: 3,
    });
  });

  test.each<[Readiness, number, object]>([
    [{ ready: true }, 200, { status: "ready" }],
    [{ ready: true, store: "ok" }, 200, { status: "ready", store: "ok" }],
    [{ ready: true, store: "unavailable" }, 200, { status: "ready", store: "unavailable" }],
    [{ ready: false, reason: "draining" }, 503, { status: "unavailable", reason: "draining" }],
    [{ ready: false, reason: "store" }, 503, { status: "unavailable", reason: "store" }],
  ])("GET /ready with %j is %i %j", async (readiness, status, answer) => {
    let asked = 0;
    const router = createRouter({
      count: async () => ({ rooms: 0, peers: 0 }),
      readiness: () => {
        asked++;
        return readiness;
      },
      isAllowedOrigin: () => true,
      version: "0.0.0",
      publicFolder: ".",
      path: "/socket.io",
    });
    const url = await listen(
      createServer((request, response) => router(request, response, () => response.end())),
    );
    for (const count of [1, 2]) {
      const response = await fetch(`${url}/ready`);
      expect([response.status, await response.json()]).toEqual([status, answer]);
      expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
      expect(asked).toBe(count);
    }
  });

  test("GET / is a page that says what this is", async () => {
    const server = await startServer();
    const response = await fetch(server.url);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(await response.text()).toContain("WebRTC signaling server");
  });

  test.each([
    ["GET", "/nothing"],
    ["POST", "/health"],
    ["GET", "/%E0%A4%A"],
    ["GET", "/../package.json"],
    ["GET", "/__proto__"],
  ])("%s %s is a 404 in JSON", async (method, path) => {
    const server = await startServer();
    const response = await fetch(server.url + path, { method });
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      error: { code: "not_found", message: expect.stringContaining(method) },
    });
  });

  test("a fault of the server's own is a 500 in JSON that tells nothing of it", async () => {
    const server = await startServer({ LOG_LEVEL: "error" });
    server.rooms.count = async () => Promise.reject(new Error("out of order"));
    const response = await fetch(`${server.url}/health`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("out of order");
    expect(server.log.join("")).toContain("out of order");
  });

  test.each([
    [416, { range: "bytes=99999999-" }],
    [412, { "if-match": '"x"' }],
  ])(
    "what the request is at fault for is a %i in JSON, and not logged",
    async (status, headers) => {
      const server = await startServer({ LOG_LEVEL: "info" });
      const response = await fetch(`${server.url}/client.js`, { headers });
      expect(response.status).toBe(status);
      expect(await response.json()).toEqual({
        error: { code: "bad_request", message: expect.any(String) },
      });
      expect(server.log).toEqual([]);
    },
  );

  test("the file of Socket.IO's client is not compressed anew for everyone", async () => {
    const server = await startServer();
    for (const file of ["socket.io.js", "socket.io.min.js", "socket.io.esm.min.js"]) {
      const response = await fetch(`${server.url}/socket.io/${file}`, {
        headers: { "accept-encoding": "gzip, deflate, br" },
      });
      expect(response.status).toBe(200);
      expect(response.headers.get("content-encoding")).toBeNull();
      expect(response.headers.get("etag")).not.toBeNull();
    }
  });

  test("every answer has helmet's headers and no banner", async () => {
    const server = await startServer();
    for (const path of ["/", "/health", "/nothing"]) {
      const { headers } = await fetch(server.url + path);
      expect(headers.get("content-security-policy")).toContain("default-src 'none'");
      expect(headers.get("content-security-policy")).not.toContain("unsafe");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("x-powered-by")).toBeNull();
      expect(headers.get("strict-transport-security")).toBe("max-age=31536000");
    }
  });

  test.each([
    [undefined, "http://localhost:5173", true],
    [undefined, "http://127.0.0.1:8080", true],
    [undefined, "https://app.example", false],
    ["https://app.example", "https://app.example", true],
    ["https://app.example", "http://localhost:5173", false],
    ["*", "https://anyone.example", true],
  ])("with CORS_ORIGIN %s a page of %s may read: %s", async (allowed, origin, may) => {
    const server = await startServer(allowed === undefined ? {} : { CORS_ORIGIN: allowed });
    for (const path of [
      "/health",
      "/socket.io/?EIO=4&transport=polling",
      "/socket.io/socket.io.js",
    ]) {
      const response = await fetch(server.url + path, { headers: { origin } });
      await response.text();
      const { headers } = response;
      expect(headers.get("access-control-allow-origin"), path).toBe(may ? origin : null);
    }
  });
});
