/** The registry in Redis: the contract of every registry, and what nodes tell each other. */

import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Member } from "../../../src/rooms/registry.ts";
import { lacksRedis, RedisServer } from "../../support/redis.ts";
import { newPrefix, startNode } from "../../support/redis-rooms.ts";
import { member, testRegistry } from "../../support/registry-contract.ts";

const resumable = (id: string): Member => ({ ...member(id), resumable: true });

describe.skipIf(lacksRedis())("in Redis", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis.end());

  const node = (redisPrefix: string, more = {}) =>
    startNode({ redisUrl: redis.url, redisPrefix, ...more });
  /** Two nodes, with a peer each in room "r". */
  async function startPair(more = {}) {
    const prefix = newPrefix();
    const [one, two] = [await node(prefix, more), await node(prefix, more)];
    await one.rooms.join(resumable("a"), "r");
    await two.rooms.join(resumable("b"), "r");
    await hears(one.told, ["joined r b : a"]);
    return { prefix, one, two };
  }
  /** Waits until exactly this was told, and begins anew. */
  async function hears(told: string[], expected: string[]): Promise<void> {
    await expect.poll(() => told, { interval: 5 }).toEqual(expected);
    told.length = 0;
  }

  testRegistry("RedisRoomRegistry", async (maxPeersPerRoom) => {
    const { rooms } = await node(newPrefix(), { maxPeersPerRoom });
    // The clock of Redis can't be set.
    return { rooms, pass: (ms) => sleep(ms + 5) };
  });

  test("who comes, changes and goes is known to nodes with members in the room", async () => {
    const { one, two } = await startPair();
    const other = { ...resumable("b"), node: expect.any(String), room: "r" };
    expect(await one.rooms.route("a", "b")).toEqual({ ok: true, receivers: [other] });
    await two.rooms.setMetadata("b", { role: "host" });
    const told = { ...other, peer: { id: "b", name: "", metadata: { role: "host" } } };
    await expect.poll(() => one.rooms.membersOf("r")).toEqual([resumable("a"), told]);
    await two.rooms.join(member("c", "Cy"), "s");
    await two.rooms.join(member("c", "Cy"), "r");
    await hears(one.told, ["joined r c Cy: a,b"]);
    await two.rooms.leave("b");
    await hears(one.told, ["left r b: a,c"]);
    expect(await one.rooms.count()).toEqual({ rooms: 1, peers: 1 });
    expect((await one.rooms.list()).sort()).toEqual(["r"]);
    expect(await one.rooms.find("c")).toMatchObject({ peer: { name: "Cy" } });
    // A node without members in the room asks Redis.
    await one.rooms.leave("a");
    expect(await one.rooms.membersOf("r")).toMatchObject([{ peer: { id: "c" } }]);
  });

  test("a seat is claimed by the newest ticket or the one before, and its node is told", async () => {
    const { one, two } = await startPair();
    one.rooms.setTickets("a", ["p.2", "p.1"]);
    const claim = (ticket: string) => two.rooms.claim("a", "r", ticket);
    for (const wrong of ["p.3", "p", "", "-"]) {
      expect(await claim(wrong)).toEqual({ ok: false, code: "resume_failed" });
    }
    expect(await claim("p.1")).toEqual({ ok: true });
    await hears(one.told, ["moved a"]);
    expect(await two.rooms.roomOf("a")).toBe("r");
    expect(await one.rooms.roomOf("a")).toBeUndefined();
    // It isn't this node's any more, so it can't give the seat up.
    await one.rooms.leave("a");
    expect(await two.rooms.membersOf("r")).toEqual([resumable("a"), resumable("b")]);
  });

  test("a seat that isn't there can't be claimed; who just started may have forgotten it", async () => {
    const server = await RedisServer.start();
    const options = { redisUrl: server.url, redisPrefix: newPrefix(), resumeGraceMs: 1_500 };
    const { rooms } = await startNode(options);
    const claim = () => rooms.claim("a", "r", "p.1");
    expect(await claim()).toEqual({ ok: false, code: "not_in_room" });
    await expect.poll(claim).toEqual({ ok: false, code: "resume_failed" });
    await server.end();
  });

  test("a ticket of a seat without tickets claims nothing", async () => {
    const { one, two } = await startPair();
    one.rooms.setTickets("a", ["p.1"]);
    // Joining anew without asking for a ticket.
    await one.rooms.join(member("a"), "r");
    for (const ticket of ["p.1", "-"]) {
      expect(await two.rooms.claim("a", "r", ticket)).toMatchObject({ code: "resume_failed" });
    }
  });

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

  test("what lies in Redis of seats: nothing, when everyone has left", async () => {
    const { one, two, prefix } = await startPair();
    one.rooms.setTickets("a", ["p.1"]);
    await one.rooms.leave("a");
    await two.rooms.leave("b");
    const left = async () => (await redis.keys()).filter((key) => key.startsWith(prefix));
    const kinds = async () => new Set((await left()).map((key) => key.split(":")[2]));
    await expect.poll(kinds).toEqual(new Set(["leases", "inbox", "order"]));
  });

  test("what is sent again has come already: it is taken once", async () => {
    const { one, two } = await startPair();
    const [, b] = await one.rooms.membersOf("r");
    const { outgoing } = one.rooms["node"];
    for (const text of ["1", "2"]) one.rooms.send([b as Member], "", "x", text);
    outgoing.flush();
    // As after a lost connection, when nothing of it is confirmed.
    outgoing.rewind();
    one.rooms.send([b as Member], "", "x", "3");
    await hears(two.told, ["x b: 1", "x b: 2", "x b: 3"]);
  });

  test("a node without members in a room is sent nothing of it", async () => {
    const { one, two, prefix } = await startPair();
    const three = await node(prefix);
    await three.rooms.join(member("c"), "elsewhere");
    const inbox = `${prefix}${await redis.runId()}:inbox:${three.rooms["node"].connection.node}`;
    const before = await redis.length(inbox);
    const [, b] = await one.rooms.membersOf("r");
    for (let n = 0; n < 100; n++) one.rooms.send([b as Member], "", "x", String(n));
    await expect.poll(() => two.told.length).toBe(100);
    await two.rooms.leave("b");
    await hears(one.told, ["left r b: a"]);
    expect(await redis.length(inbox)).toBe(before);
    expect(three.told).toEqual([]);
  });

  test("every key expires", async () => {
    const { one } = await startPair();
    await one.rooms.closeRoom("t", 60);
    expect(await redis.immortalKeys()).toEqual([]);
  });

  test("after a silent lease plain peers are gone, and after the grace those that could resume", async () => {
    const { one, two } = await startPair({ nodeLeaseMs: 1_000, resumeGraceMs: 1_500 });
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
    const { one, two } = await startPair();
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
  async function deafen({ rooms }: Awaited<ReturnType<typeof node>>) {
    const { reader } = rooms["node"].connection as unknown as { reader: { connection: Redis } };
    const ended = once(reader.connection, "end");
    reader.connection.disconnect();
    await ended;
    return () => reader.connection.connect();
  }

  test("who was told that a join is unavailable has no seat, whenever the outcome comes", async () => {
    const { one, two } = await startPair();
    const hearAgain = await deafen(two);
    expect(await two.rooms.join(member("late"), "r")).toEqual({ ok: false, code: "unavailable" });
    await hears(one.told, ["joined r late : a,b"]);
    await hearAgain();
    await hears(one.told, ["left r late: a,b"]);
    expect(await two.rooms.roomOf("late")).toBeUndefined();
    expect(await two.rooms.join(member("late"), "r")).toMatchObject({ ok: true });
  });

  test("messages that Redis has dropped are told as a gap, on both nodes", async () => {
    const { one, two, prefix } = await startPair();
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
      () => rooms.list(),
      () => rooms.find("x"),
      () => rooms.membersOf("x"),
      () => rooms.closeRoom("x", 1),
    ]) {
      await expect(asks()).rejects.toThrow("the rooms can't be reached: Redis doesn't answer");
    }
  });

  test("a node that was taken for gone loses its peers, and knows it", async () => {
    const { one, two } = await startPair({ nodeLeaseMs: 1_000, resumeGraceMs: 500 });
    one.told.length = 0;
    const { leases } = two.rooms["node"] as unknown as { leases: { stop(): void } };
    leases.stop();
    await hears(one.told, ["left r b: a"]);
    await hears(two.told, ["left r b: a", "lost b"]);
    expect(await two.rooms.roomOf("b")).toBeUndefined();
    expect(await one.rooms.membersOf("r")).toEqual([resumable("a")]);
  });
});
