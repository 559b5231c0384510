/** The registry in Redis: the contract of every registry, and what nodes tell each other. */

import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Member } from "../../../src/rooms/registry.ts";
import { lacksRedis, RedisServer } from "../../support/redis.ts";
import { hears, newPrefix, resumable, startNode, startPair } from "../../support/redis-rooms.ts";
import { member, testRegistry } from "../../support/registry-contract.ts";

describe.skipIf(lacksRedis())("in Redis", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis.end());

  const node = (redisPrefix: string, more = {}) =>
    startNode({ redisUrl: redis.url, redisPrefix, ...more });

  testRegistry("RedisRoomRegistry", async (maxPeersPerRoom) => {
    const { rooms } = await node(newPrefix(), { maxPeersPerRoom });
    // The clock of Redis can't be set.
    return { rooms, pass: (ms) => sleep(ms + 5) };
  });

  test("who comes, changes and goes is known to nodes with members in the room", async () => {
    const { one, two } = await startPair(redis.url);
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
    expect(await one.rooms.sizes()).toEqual(new Map([["r", 2]]));
    expect(await one.rooms.find("c")).toMatchObject({ peer: { name: "Cy" } });
    // A node without members in the room asks Redis.
    await one.rooms.leave("a");
    expect(await one.rooms.membersOf("r")).toMatchObject([{ peer: { id: "c" } }]);
  });

  test("a seat is claimed by the newest ticket or the one before, and its node is told", async () => {
    const { one, two } = await startPair(redis.url);
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

  test("a claim whose outcome comes late, and is claimed by nobody again: all miss the peer, after a second try", async () => {
    const { one, two } = await startPair(redis.url, { resumeGraceMs: 50 });
    two.rooms.setTickets("b", ["p.1"]);
    const { connection, inbox } = one.rooms["node"];
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { take } = inbox;
    inbox.take = async (entries) => {
      await released;
      return take.call(inbox, entries);
    };
    const { run } = connection;
    const outcomes: unknown[] = [];
    connection.run = async (name, ...args) => {
      if (name !== "leave") return run.call(connection, name, ...args);
      // What a script answers that has waited for too long.
      outcomes.push(outcomes.length === 0 ? "late" : await run.call(connection, name, ...args));
      return outcomes.at(-1);
    };
    expect(await one.rooms.claim("b", "r", "p.1")).toEqual({ ok: false, code: "unavailable" });
    await hears(two.told, ["moved b"]);
    release();
    await hears(one.told, ["left r b: a"]);
    expect(outcomes).toEqual(["late", "ok"]);
  });

  test("a ticket of a seat without tickets claims nothing", async () => {
    const { one, two } = await startPair(redis.url);
    one.rooms.setTickets("a", ["p.1"]);
    // Joining anew without asking for a ticket.
    await one.rooms.join(member("a"), "r");
    for (const ticket of ["p.1", "-"]) {
      expect(await two.rooms.claim("a", "r", ticket)).toMatchObject({ code: "resume_failed" });
    }
  });

  test("what lies in Redis of seats: nothing, when everyone has left", async () => {
    const { one, two, prefix } = await startPair(redis.url);
    one.rooms.setTickets("a", ["p.1"]);
    await one.rooms.leave("a");
    await two.rooms.leave("b");
    const left = async () => (await redis.keys()).filter((key) => key.startsWith(prefix));
    const kinds = async () => new Set((await left()).map((key) => key.split(":")[2]));
    await expect.poll(kinds).toEqual(new Set(["leases", "inbox", "order"]));
  });

  test("what is sent again has come already: it is taken once", async () => {
    const { one, two } = await startPair(redis.url);
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
    const { one, two, prefix } = await startPair(redis.url);
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
    const { one } = await startPair(redis.url);
    await one.rooms.closeRoom("t", 60);
    expect(await redis.immortalKeys()).toEqual([]);
  });
});
