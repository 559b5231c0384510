/** The protocol between peers of two nodes, and what an application sees of it. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNodes } from "../../support/cluster.ts";
import { lacksRedis, RedisServer } from "../../support/redis.ts";
import { countedBy, granted, joinWithTicket, lose, resume } from "../../support/resuming.ts";

describe.skipIf(lacksRedis())("on two nodes", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis.end());

  test("[J1] [R1] [R2] [R3] [R6] [R8] peers meet, send to each other, and hear who leaves", async () => {
    const [one, two] = await startNodes(redis.url);
    const [ada, bob, eve] = [await one.connect(), await two.connect(), await two.connect()];
    await ada.request("join", { room: "demo", name: "Ada", candidateLists: true });
    expect(granted(await bob.join("demo", "Bob")).users).toEqual([{ id: ada.id, name: "Ada" }]);
    expect(await bob.next("room_users")).toEqual([[{ id: ada.id, name: "Ada" }]]);
    expect(await ada.next("user_joined")).toEqual([{ id: bob.id, name: "Bob" }]);
    await eve.join("elsewhere");
    for (let n = 0; n < 20; n++) {
      expect(await bob.offer(String(n), { to: ada.id })).toEqual({ ok: true, delivered: 1 });
    }
    for (let n = 0; n < 20; n++) {
      expect(await ada.next("getOffer")).toEqual([
        { type: "offer", sdp: String(n) },
        { from: bob.id },
      ]);
    }
    const candidates = [{ candidate: "1" }, { candidate: "2" }];
    await bob.request("candidates", candidates);
    expect(await ada.next("getCandidates")).toEqual([candidates, { from: bob.id }]);
    await ada.request("candidates", candidates);
    for (const candidate of candidates) {
      expect(await bob.next("getCandidate")).toEqual([candidate, { from: ada.id }]);
    }
    for (const to of [eve.id, "nobody"]) {
      expect(await ada.offer("x", { to })).toMatchObject({ error: { code: "peer_not_found" } });
    }
    await bob.leave();
    expect(await ada.next("user_exit")).toEqual([{ id: bob.id }]);
    expect(await ada.offer("x")).toEqual({ ok: true, delivered: 0 });
    expect(eve.all("getOffer")).toEqual([]);
    ada.socket.disconnect();
    await expect.poll(() => two.peers("demo")).toEqual([]);
  });

  test("[J4] [J8] a room is full, or closed, on every node", async () => {
    const [one, two] = await startNodes(redis.url, { maxPeersPerRoom: 2 });
    for (const node of [one, two]) await (await node.connect()).join("demo");
    const late = await two.connect();
    expect(await late.join("demo")).toMatchObject({ error: { code: "room_full" } });
    await one.closeRoom("other", 60);
    expect(await late.join("other")).toMatchObject({ error: { code: "room_closed" } });
  });

  test("[M1] [M2] metadata reaches those of other nodes that ask for it", async () => {
    const [one, two] = await startNodes(redis.url);
    const [ada, bob] = [await one.connect(), await two.connect()];
    await ada.request("join", { room: "demo", metadata: 1 });
    const joined = granted(await bob.request("join", { room: "demo", metadata: { role: "host" } }));
    expect(joined).toMatchObject({ users: [{ id: ada.id, metadata: 1 }] });
    expect(await ada.next("user_joined")).toMatchObject([{ metadata: { role: "host" } }]);
    await bob.request("set_metadata", { metadata: "new" });
    expect(await ada.next("user_metadata")).toEqual([{ id: bob.id, metadata: "new" }]);
    const plain = await one.connect();
    expect(granted(await plain.join("demo")).users).toEqual([
      { id: ada.id, name: "" },
      { id: bob.id, name: "" },
    ]);
  });

  test("[C2] a report may be about a peer of another node, also when it has just left", async () => {
    const [one, two] = await startNodes(redis.url);
    const [ada, bob] = [await one.connect(), await two.connect()];
    await ada.join("demo");
    await bob.join("demo");
    await ada.next("user_joined");
    const report = () => ada.request("call_report", { to: bob.id, outcome: "failed", ms: 1 });
    expect(await report()).toEqual({ ok: true });
    await bob.leave();
    await ada.next("user_exit");
    expect(await report()).toEqual({ ok: true });
  });

  test("[S2] [S4] who is away misses nothing from another node, and is back on its own", async () => {
    const [one, two] = await startNodes(redis.url);
    const ada = await joinWithTicket(one, "demo");
    const bob = await joinWithTicket(two, "demo");
    await ada.client.next("user_joined");
    lose(ada.client);
    expect(await bob.client.next("user_away")).toEqual([{ id: ada.id }]);
    await bob.client.offer("1", { to: ada.id });
    await bob.client.offer("2", { to: ada.id });
    const { client, ack } = await resume(one, ada.ticket, countedBy(ada.client));
    expect(ack).toMatchObject({ ok: true, users: [{ id: bob.id }], received: 0 });
    expect(await client.next("getOffer")).toMatchObject([{ sdp: "1" }, { from: bob.id }]);
    expect(await client.next("getOffer")).toMatchObject([{ sdp: "2" }, { from: bob.id }]);
    expect(await bob.client.next("user_back")).toEqual([{ id: ada.id }]);
  });

  test("[S5] [S6] [S7] [S8] a seat is taken over on the other node, with the same id, without its history", async () => {
    const [one, two] = await startNodes(redis.url);
    const metadata = { role: "host" };
    const ada = await joinWithTicket(one, "demo", { name: "Ada", metadata });
    const bob = await joinWithTicket(one, "demo");
    const eve = await joinWithTicket(two, "demo");
    const { client, ack } = await resume(two, ada.ticket, 0);
    const resumed = granted(ack);
    expect(resumed).toMatchObject({ self: { id: ada.id, name: "Ada", metadata }, received: null });
    expect(resumed.users.map(({ id }) => id)).toEqual([bob.id, eve.id]);
    // The old connection ends, and its client doesn't come back.
    await ada.client.disconnected();
    expect(ada.client.socket.active).toBe(false);
    for (const peer of [bob, eve]) {
      expect(await peer.client.next("user_back")).toEqual([{ id: ada.id, gap: true }]);
    }
    await bob.client.offer("1", { to: ada.id });
    expect(await client.next("getOffer")).toMatchObject([{ sdp: "1" }, { from: bob.id }]);
    // The acknowledgement may have been lost: its ticket is taken once more, by whatever node.
    const again = await resume(one, ada.ticket, 0);
    expect(granted(again.ack).self.id).toBe(ada.id);
    await client.disconnected();
    // It has shown that it has the newest ticket, by any event.
    await again.client.offer("2", { to: eve.id });
    expect(await eve.client.next("getOffer")).toMatchObject([{ sdp: "2" }, { from: ada.id }]);
    for (const used of [ada.ticket, resumed.resume.ticket]) {
      const { ack: refused } = await resume(two, used, 0);
      expect(refused).toMatchObject({ error: { code: "resume_failed" } });
    }
    for (const peer of [bob, eve]) {
      const heard = peer.client.received.map(({ event }) => event);
      expect(heard).not.toContain("user_exit");
      expect(heard).not.toContain("user_away");
    }
    await again.client.leave();
    for (const peer of [bob, eve]) {
      expect(await peer.client.next("user_exit")).toEqual([{ id: ada.id }]);
    }
  });

  test("two connections with one ticket, one on each node: one has the seat in the end", async () => {
    const [one, two] = await startNodes(redis.url);
    for (let round = 0; round < 20; round++) {
      const ada = await joinWithTicket(one, "demo");
      lose(ada.client);
      const both = await Promise.all([one, two].map((node) => resume(node, ada.ticket, 0)));
      const seated = () => both.filter(({ client, ack }) => ack.ok && client.socket.connected);
      await expect.poll(() => seated().length, { interval: 5 }).toBe(1);
      const [winner] = seated();
      expect(await winner?.client.leave()).toEqual({ ok: true });
      await expect.poll(() => one.peers("demo")).toEqual([]);
      for (const { client } of both) client.socket.disconnect();
    }
  });

  test("[D1] a node that drains hands its peers to the other", async () => {
    const [one, two] = await startNodes(redis.url);
    const ada = await joinWithTicket(one, "demo");
    const plain = await one.connect();
    await plain.join("demo");
    const bob = await joinWithTicket(two, "demo");
    await one.drain();
    await one.close();
    const { ack } = await resume(two, ada.ticket, 0);
    expect(granted(ack).self.id).toBe(ada.id);
    expect(await bob.client.next("user_back")).toEqual([{ id: ada.id, gap: true }]);
    // Who can't resume is gone with its node.
    expect(bob.client.all("user_exit")).toEqual([[{ id: plain.socket.id ?? expect.anything() }]]);
    expect(await two.peers("demo")).toMatchObject([{ id: ada.id }, { id: bob.id }]);
  });

  test("[L4] an application removes peers, and closes rooms, wherever they are", async () => {
    const [one, two] = await startNodes(redis.url);
    const heard: unknown[] = [];
    two.on("left", ({ peer }) => heard.push(peer));
    const bob = await joinWithTicket(two, "demo");
    expect(await one.rooms()).toEqual(["demo"]);
    expect(await one.peers("demo")).toEqual([{ id: bob.id, name: "" }]);
    expect(await one.disconnect("nobody")).toBe(false);
    expect(await one.disconnect(bob.id)).toBe(true);
    expect(await bob.client.next("signal_error")).toMatchObject([{ code: "removed" }]);
    await bob.client.disconnected();
    await expect.poll(() => one.rooms()).toEqual([]);
    expect(heard).toEqual([bob.id]);
    const [ada, eve] = [await joinWithTicket(one, "demo"), await joinWithTicket(two, "demo")];
    await one.closeRoom("demo");
    for (const { client } of [ada, eve]) {
      expect(await client.next("signal_error")).toMatchObject([{ code: "room_closed" }]);
    }
    await expect.poll(() => two.rooms()).toEqual([]);
  });
});
