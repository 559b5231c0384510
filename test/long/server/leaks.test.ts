/** What comes and goes leaves nothing behind. */

import { describe, expect, test } from "vitest";
import { Bystanders, startMeasured } from "../../support/bystanders.ts";
import { TestClient } from "../../support/client.ts";
import { openPolling } from "../../support/polling.ts";
import { RawClient } from "../../support/raw.ts";
import { UNLIMITED } from "../../support/server.ts";

const MIB = 1_048_576;

describe("leaks", () => {
  test("100,000 rooms made and left: 0 are left, the heap is flat", {
    timeout: 240_000,
  }, async () => {
    const server = await startMeasured(UNLIMITED);
    const bystanders = await Bystanders.join(server.url);
    const clients = await Promise.all(
      Array.from({ length: 10 }, () => TestClient.connect(server.url)),
    );
    let made = 0;
    const makeRooms = async (count: number) => {
      for (const end = made + count; made < end; ) {
        await Promise.all(
          clients.map(async (client) => {
            for (let n = 0; n < 100; n++) client.socket.emit("join", { room: `room-${made++}` });
            await client.leave();
          }),
        );
      }
      for (const client of clients) client.received.length = 0;
    };
    // What a process takes once, compiled code for instance, it takes in here.
    await makeRooms(20_000);
    const before = await server.measure();
    await makeRooms(80_000);
    const after = await server.measure();
    expect(made).toBe(100_000);
    expect(after).toMatchObject({ rooms: 1, peers: 2, seats: 2 });
    // A room's entry alone would take 200 bytes, 80,000 of them 15 MiB.
    expect(after.heapUsed - before.heapUsed).toBeLessThan(2 * MIB);
    expect(after.timers).toBe(before.timers);
    await bystanders.areUnharmed(server);
  });

  test("10,000 rejoins: as many listeners as before", { timeout: 60_000 }, async () => {
    const server = await startMeasured(UNLIMITED);
    const bystanders = await Bystanders.join(server.url);
    const ada = await TestClient.connect(server.url);
    await ada.join("demo");
    const before = await server.measure();
    for (let batch = 0; batch < 100; batch++) {
      for (let n = 0; n < 99; n++) ada.socket.emit("join", { room: "demo" });
      await ada.join("demo");
    }
    const after = await server.measure();
    expect(after.listeners).toBe(before.listeners);
    expect(after).toMatchObject({ rooms: 2, peers: 3, timers: before.timers });
    await bystanders.areUnharmed(server);
  });

  test("1,000 connections that come, join and break off: nothing is left of them", {
    timeout: 120_000,
  }, async () => {
    const server = await startMeasured(UNLIMITED);
    const bystanders = await Bystanders.join(server.url);
    const comeAndGo = async (count: number) => {
      for (let n = 0; n < count; n += 20) {
        const clients = await Promise.all(
          Array.from({ length: 20 }, () => TestClient.connect(server.url)),
        );
        await Promise.all(clients.map((client) => client.join(`room-${n}`)));
        for (const client of clients) client.socket.io.engine.close();
      }
      await expect.poll(async () => (await server.measure()).connections).toBe(2);
    };
    await comeAndGo(200);
    const before = await server.measure();
    await comeAndGo(1_000);
    const after = await server.measure();
    expect(after).toMatchObject({ rooms: 1, peers: 2, seats: 2, sockets: 2 });
    expect(after.listeners).toBe(before.listeners);
    expect(after.heapUsed - before.heapUsed).toBeLessThan(2 * MIB);
    await bystanders.areUnharmed(server);
  });

  test.each([
    ["a broken packet", "x"],
    ["a heartbeat of its own", "2"],
  ])("50 pollers that end by %s, without another poll: no timer is left", async (_what, packet) => {
    const server = await startMeasured(UNLIMITED);
    const bystanders = await Bystanders.join(server.url);
    const before = await server.measure();
    for (let n = 0; n < 50; n++) {
      const { post } = await openPolling(server.url);
      // Its TCP connection may end with it.
      await post(packet).catch(() => {});
    }
    expect(await server.measure()).toMatchObject({ connections: 2, timers: before.timers });
    await bystanders.areUnharmed(server);
  });

  test("what clients say to authenticate themselves isn't kept", async () => {
    const server = await startMeasured(UNLIMITED);
    const bystanders = await Bystanders.join(server.url);
    const before = await server.measure();
    for (let n = 0; n < 20; n++) {
      const client = await RawClient.connect(server.url, { namespace: false });
      // 120 KB as text, some 3 MB as objects.
      client.send(`40{"a":${"[".repeat(60_000)}${"]".repeat(60_000)}}`);
      await client.frame(/^40\{/);
    }
    const after = await server.measure();
    expect(after).toMatchObject({ sockets: 22 });
    expect(after.heapUsed - before.heapUsed).toBeLessThan(10 * MIB);
    await bystanders.areUnharmed(server);
  });
});
