/** The registry in Redis while a node or Redis fails. */

import { once } from "node:events";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Member } from "../../../src/rooms/registry.ts";
import { lacksRedis, RedisServer } from "../../support/redis.ts";
import {
  hears,
  type Node,
  newPrefix,
  resumable,
  startNode,
  startPair,
} from "../../support/redis-rooms.ts";
import { member } from "../../support/registry-contract.ts";

describe.skipIf(lacksRedis())("while something fails", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis.end());

  test("messages come once and in order, also through a cut connection and an empty Redis", async () => {
    const server = await RedisServer.start();
    const prefix = newPrefix();
    const [one, two] = [
      await startNode({ redisUrl: server.url, redisPrefix: prefix }),
      await startNode({ redisUrl: server.url, redisPrefix: prefix }),
    ];
    await one.rooms.join(member("a"), "r");
    await two.rooms.join(member("b"), "r");
    await hears(one.told, ["joined r b : a"]);
    const [b] = await one.rooms.membersOf("r").then((all) => all.slice(1));
    let sent = 0;
    const send = (count: number) => {
      for (let n = 0; n < count; n++) one.rooms.send([b as Member], "", "x", String(sent++));
    };
    const all = () => Array.from({ length: sent }, (_, n) => `x b: ${n}`);
    for (let round = 0; round < 10; round++) {
      send(100);
      await server.cutConnections();
      send(100);
    }
    await expect.poll(() => two.told).toEqual(all());
    send(100);
    await server.kill();
    send(100);
    await server.start();
    send(100);
    await expect.poll(() => two.told).toEqual(all());
    expect(one.told).toEqual([]);
    await server.end();
  });

  test("after a silent lease plain peers are gone, and after the grace those that could resume", async () => {
    const { one, two } = await startPair(redis.url, { nodeLeaseMs: 1_000, resumeGraceMs: 1_500 });
    await two.rooms.join(member("plain"), "r");
    await hears(one.told, ["joined r plain : a,b"]);
    // As if the process had ended.
    const at = performance.now();
    two.rooms["node"]["leases"].stop();
    await two.rooms["node"].connection.close();
    await hears(one.told, ["left r plain: a,b"]);
    const plainMs = performance.now() - at;
    await hears(one.told, ["left r b: a"]);
    const resumableMs = performance.now() - at;
    console.info(`after ${plainMs.toFixed(0)} and ${resumableMs.toFixed(0)} ms`);
    expect(plainMs).toBeGreaterThan(900);
    expect(plainMs).toBeLessThan(2_000);
    expect(resumableMs).toBeGreaterThan(2_400);
  });

  test("a node that ends takes its plain peers with it, and others have the grace to claim the rest", async () => {
    const { one, two } = await startPair(redis.url);
    await two.rooms.join(member("plain"), "r");
    two.rooms.setTickets("b", ["p.1"]);
    await two.rooms.close();
    await hears(one.told, ["joined r plain : a,b", "left r plain: a,b"]);
    expect(await one.rooms.claim("b", "r", "p.1")).toEqual({ ok: true });
  });

  test("joins are unavailable while Redis is away, and nobody is told anything", async () => {
    const server = await RedisServer.start();
    const more = { redisUrl: server.url, redisPrefix: newPrefix() };
    const [one, two] = [await startNode(more), await startNode(more)];
    await one.rooms.join(member("a"), "r");
    await two.rooms.join(member("b"), "r");
    await hears(one.told, ["joined r b : a"]);
    server.stop();
    const at = performance.now();
    expect(await one.rooms.join(member("c"), "r")).toEqual({ ok: false, code: "unavailable" });
    expect(performance.now() - at).toBeLessThan(2_000);
    await expect.poll(() => one.rooms.store).toBe("unavailable");
    // Known to be away: at once.
    const again = performance.now();
    expect(await one.rooms.join(member("c"), "r")).toEqual({ ok: false, code: "unavailable" });
    expect(performance.now() - again).toBeLessThan(100);
    server.cont();
    // It ran too late: nobody has a seat that was told that it has none.
    await expect.poll(() => one.rooms.store).toBe("ok");
    await expect.poll(async () => (await one.rooms.join(member("d"), "s")).ok).toBe(true);
    expect(await one.rooms.find("c")).toBeUndefined();
    expect([...one.told, ...two.told]).toEqual([]);
    await server.end();
  });

  /** From now on the node reads nothing; the function returned lets it go on. */
  async function deafen({ rooms }: Node) {
    const { reader } = rooms["node"].connection as unknown as { reader: { connection: Redis } };
    const ended = once(reader.connection, "end");
    reader.connection.disconnect();
    await ended;
    return () => reader.connection.connect();
  }

  test("who was told that a join is unavailable has no seat, whenever the outcome comes", async () => {
    const { one, two } = await startPair(redis.url);
    const hearAgain = await deafen(two);
    expect(await two.rooms.join(member("late"), "r")).toEqual({ ok: false, code: "unavailable" });
    await hears(one.told, ["joined r late : a,b"]);
    await hearAgain();
    await hears(one.told, ["left r late: a,b"]);
    expect(await two.rooms.roomOf("late")).toBeUndefined();
    expect(await two.rooms.join(member("late"), "r")).toMatchObject({ ok: true });
  });

  test("messages that Redis has dropped are told as a gap, on both nodes", async () => {
    const { one, two, prefix } = await startPair(redis.url);
    const [, b] = await one.rooms.membersOf("r");
    const send = (text: string) => one.rooms.send([b as Member], "", "x", text);
    send("1");
    await hears(two.told, ["x b: 1"]);
    const inbox = `${prefix}${await redis.runId()}:inbox:${two.rooms["node"].connection.node}`;
    const before = await redis.length(inbox);
    const hearAgain = await deafen(two);
    for (let n = 2; n <= 6; n++) send(String(n));
    await expect.poll(() => redis.length(inbox), { interval: 5 }).toBe(before + 5);
    await redis.shorten(inbox, 2);
    await hearAgain();
    await hears(two.told, ["gap a: b", "x b: 5", "x b: 6"]);
    await hears(one.told, ["gap b: a"]);
    send("7");
    await hears(two.told, ["x b: 7"]);
  });

  test("an application is told in words that Redis is away", async () => {
    const server = await RedisServer.start();
    const { rooms } = await startNode({ redisUrl: server.url, redisPrefix: newPrefix() });
    await server.end();
    for (const asks of [
      () => rooms.sizes(),
      () => rooms.find("x"),
      () => rooms.membersOf("x"),
      () => rooms.closeRoom("x", 1),
    ]) {
      await expect(asks()).rejects.toThrow("the rooms can't be reached: Redis doesn't answer");
    }
  });

  test("a node that was taken for gone loses its peers, and knows it", async () => {
    const { one, two } = await startPair(redis.url, { nodeLeaseMs: 1_000, resumeGraceMs: 500 });
    one.told.length = 0;
    const { leases } = two.rooms["node"] as unknown as { leases: { stop(): void } };
    leases.stop();
    await hears(one.told, ["left r b: a"]);
    await hears(two.told, ["left r b: a", "lost b"]);
    expect(await two.rooms.roomOf("b")).toBeUndefined();
    expect(await one.rooms.membersOf("r")).toEqual([resumable("a")]);
  });

  test("a Redis that refuses is unavailable until it does what it is asked", async () => {
    const server = await RedisServer.start();
    const { rooms } = await startNode({ redisUrl: server.url, redisPrefix: newPrefix() });
    await server.configure("maxmemory", "1");
    await expect.poll(() => rooms.store).toBe("unavailable");
    expect(await rooms.join(member("a"), "r")).toEqual({ ok: false, code: "unavailable" });
    await server.configure("maxmemory", "0");
    await expect.poll(() => rooms.store).toBe("ok");
    expect(await rooms.join(member("a"), "r")).toMatchObject({ ok: true });
    await server.end();
  });
});
