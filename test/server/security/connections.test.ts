/** How many connections there may be: in all, from one address, and by whose word. */

import type { IncomingMessage } from "node:http";
import { describe, expect, test } from "vitest";
import { Bystanders, startMeasured } from "../../support/bystanders.ts";
import { TestClient } from "../../support/client.ts";
import { RawClient } from "../../support/raw.ts";
import { startServer, type TestServer } from "../../support/server.ts";
import { openTcp, upgradeRequest } from "../../support/tcp.ts";

const POLLING = "/socket.io/?EIO=4&transport=polling";
const WEBSOCKET = "/socket.io/?EIO=4&transport=websocket";

const poll = (server: TestServer, forwardedFor?: string) =>
  fetch(server.url + POLLING, {
    headers: { ...(forwardedFor !== undefined && { "x-forwarded-for": forwardedFor }) },
  });
const statuses = async (responses: Promise<Response>[]) =>
  (await Promise.all(responses)).map(({ status }) => status);

describe("connections", () => {
  test.each([
    ["MAX_CONNECTIONS", "the server has too many connections"],
    ["MAX_CONNECTIONS_PER_ADDRESS", "too many connections from your address"],
  ])("[T4] over %s the next is refused, and says why", async (limit, reason) => {
    const server = await startServer({ [limit]: "2", LOG_LEVEL: "warn" });
    const [ada, bob] = [await server.connect(), await server.connect()];
    const polling = await poll(server);
    expect(polling.status).toBe(403);
    expect(await polling.text()).toContain(reason);
    const websocket = await openTcp(server.url, upgradeRequest(WEBSOCKET));
    expect(await websocket.ended()).toMatch(new RegExp(`^HTTP/1.1 400.*${reason}`, "s"));
    expect(server.log.join("")).toContain(reason);
    expect(server.log.join("")).not.toContain("127.0.0.1");
    // The others go on, and who leaves makes room.
    await ada.join("demo");
    expect(await bob.join("demo")).toMatchObject({ ok: true });
    ada.socket.disconnect();
    await server.untilConnections(1);
    await expect.poll(async () => (await poll(server)).status, { timeout: 5_000 }).toBe(200);
  });

  test("[T4] an address connects no more often than its limit, for each second", async () => {
    const server = await startServer({ MAX_CONNECTIONS_PER_ADDRESS: "3" });
    for (let n = 0; n < 3; n++) {
      const client = await server.connect();
      client.socket.disconnect();
      await server.untilConnections(0);
    }
    await expect(server.connect()).rejects.toThrow();
    // The others are not asked to wait for it.
    const other = { headers: { "X-Forwarded-For": "198.51.100.1" } };
    const behindProxy = await startServer({
      MAX_CONNECTIONS_PER_ADDRESS: "3",
      TRUST_PROXY: "loopback",
    });
    for (let n = 0; n < 4; n++) await poll(behindProxy, "198.51.100.2");
    expect((await fetch(behindProxy.url + POLLING, other)).status).toBe(200);
    await expect.poll(async () => (await poll(server)).status, { timeout: 5_000 }).toBe(200);
  });

  test("[T4] a connection that was cut off for pipelining leaves its place taken", async () => {
    const server = await startServer({ MAX_CONNECTIONS_PER_ADDRESS: "1" });
    const requests = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(2);
    // Four connections of TCP for each that there may be.
    for (let n = 0; n < 4; n++) await (await openTcp(server.url, requests)).ended();
    const one = await openTcp(server.url, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect(await one.ended()).toBe("");
  });

  test("[T4] a client that begins with polling counts once, also while it changes over", async () => {
    const server = await startServer({ MAX_CONNECTIONS_PER_ADDRESS: "2" });
    for (let n = 0; n < 2; n++) {
      const client = new TestClient(server.url, { transports: ["polling", "websocket"] });
      const upgraded = new Promise((resolve) => {
        client.socket.io.once("open", () => client.socket.io.engine.once("upgrade", resolve));
      });
      await client.connect();
      await upgraded;
      expect(await client.join("demo")).toMatchObject({ ok: true });
    }
    await expect(server.connect()).rejects.toThrow();
  });

  test("[T4] handshakes that come to nothing take no place", async () => {
    const server = await startServer({ MAX_CONNECTIONS_PER_ADDRESS: "1" });
    for (const path of [
      "/socket.io/?EIO=3&transport=polling",
      "/socket.io/?EIO=4&transport=polling&sid=unknown",
      "/socket.io/?EIO=4&transport=carrier-pigeon",
    ]) {
      expect((await fetch(server.url + path)).status, path).toBe(400);
    }
    for (const headers of [{ "Sec-WebSocket-Key": "no key" }, { "Sec-WebSocket-Version": "7" }]) {
      const tcp = await openTcp(server.url, upgradeRequest(WEBSOCKET, headers));
      expect(await tcp.ended()).toMatch(/^HTTP\/1.1 400/);
    }
    expect(await (await server.connect()).join("demo")).toMatchObject({ ok: true });
  });

  test("[T4] handshakes in one turn of the event loop don't share a free place", async () => {
    const server = await startServer({ MAX_CONNECTIONS_PER_ADDRESS: "3" });
    const socket = { remoteAddress: "192.0.2.1" };
    const request = () => ({ url: POLLING, headers: {}, socket }) as IncomingMessage;
    const decisions: boolean[] = [];
    for (let n = 0; n < 20; n++) {
      server.io.engine.opts.allowRequest?.(request(), (_reason, isAllowed) => {
        decisions.push(isAllowed);
      });
    }
    expect(decisions.filter((isAllowed) => isAllowed)).toHaveLength(3);
  });

  test("[T4] a connection flood: the limit holds, those inside go on", async () => {
    const server = await startMeasured({ MAX_CONNECTIONS_PER_ADDRESS: "20" });
    const bystanders = await Bystanders.join(server.url);
    let open = 0;
    const attempt = async () => {
      const raw = await RawClient.connect(server.url, { namespace: false });
      await raw.frame(/^0/);
      open++;
    };
    const attempts = await Promise.allSettled(Array.from({ length: 500 }, attempt));
    expect(open).toBe(18);
    expect(attempts.filter(({ status }) => status === "rejected")).toHaveLength(482);
    expect((await server.measure()).connections).toBe(20);
    await bystanders.areUnharmed(server);
  });

  test("[T4] a flood of bare TCP connections from one address is cut off", async () => {
    const server = await startServer({ MAX_CONNECTIONS_PER_ADDRESS: "5" });
    const ada = await server.connect();
    const flood = await Promise.all(Array.from({ length: 60 }, () => openTcp(server.url)));
    // Four for each connection that there may be, less hers.
    await Promise.all(flood.slice(19).map((tcp) => tcp.ended()));
    expect(flood.filter(({ socket }) => !socket.readableEnded)).toHaveLength(19);
    expect(await ada.join("demo")).toMatchObject({ ok: true });
  });

  test("X-Forwarded-For, forged: by default it counts for nothing", async () => {
    const server = await startServer({ MAX_CONNECTIONS_PER_ADDRESS: "2" });
    const forged = Array.from({ length: 5 }, (_, n) => poll(server, `198.51.100.${n}`));
    expect((await statuses(forged)).sort()).toEqual([200, 200, 403, 403, 403]);
  });

  test("X-Forwarded-For, behind a trusted proxy: each client has its own count", async () => {
    const server = await startServer({
      MAX_CONNECTIONS_PER_ADDRESS: "1",
      TRUST_PROXY: "loopback",
    });
    expect(await statuses([poll(server, "198.51.100.1"), poll(server, "198.51.100.2")])).toEqual([
      200, 200,
    ]);
    // What a client put there itself stands before what the proxy has added.
    const forged = Array.from({ length: 5 }, (_, n) =>
      poll(server, `203.0.113.${n}, 198.51.100.1`),
    );
    expect(await statuses(forged)).toEqual([403, 403, 403, 403, 403]);
    for (const sameCustomer of ["2001:db8::1", "2001:db8::2"]) await poll(server, sameCustomer);
    expect((await poll(server, "2001:db8::3")).status).toBe(403);
    expect((await poll(server, "2001:db8:0:1::1")).status).toBe(200);
  });

  test("X-Forwarded-For, with TRUST_PROXY=1: the last address counts, and WebSockets alike", async () => {
    const server = await startServer({ MAX_CONNECTIONS_PER_ADDRESS: "1", TRUST_PROXY: "1" });
    const connect = (forwarded: string) =>
      RawClient.connect(server.url, { headers: { "x-forwarded-for": forwarded } });
    await connect("198.51.100.1");
    await connect("198.51.100.2");
    const again = await openTcp(
      server.url,
      upgradeRequest(WEBSOCKET, { "X-Forwarded-For": "203.0.113.1, 198.51.100.1" }),
    );
    expect(await again.ended()).toContain("too many connections from your address");
  });
});
