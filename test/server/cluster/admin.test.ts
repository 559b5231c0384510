/** The admin listener of one node shows, and acts on, the rooms of all nodes. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { adminUrlOf, ask, readOurs, tell } from "../../support/admin.ts";
import { startNodes } from "../../support/cluster.ts";
import { lacksRedis, RedisServer } from "../../support/redis.ts";
import { joinWithTicket, lose, resume } from "../../support/resuming.ts";

describe.skipIf(lacksRedis())("on two nodes", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis.end());

  /** Two nodes that know of each other, and the admin listener of the first. */
  async function start() {
    const [one, two] = await startNodes(redis.url, { adminPort: 0 });
    const [admin, otherAdmin] = [adminUrlOf(one), adminUrlOf(two)];
    for (const url of [admin, otherAdmin]) {
      await expect.poll(() => readOurs(url), { interval: 20 }).toMatchObject({ redis_nodes: 2 });
    }
    return { one, two, admin, otherAdmin };
  }

  test("rooms, and peers with what their own node knows", async () => {
    const { one, two, admin, otherAdmin } = await start();
    const ada = await one.connect();
    await ada.join("demo", "Ada");
    const bob = await joinWithTicket(two, "demo", { name: "Bob" }, { transports: ["polling"] });
    await (await two.connect()).join("theirs");
    await ada.next("user_joined");
    const rooms = [
      { room: "demo", peers: 2 },
      { room: "theirs", peers: 1 },
    ];
    const since = expect.any(Number);
    const peers = [
      { id: ada.id, name: "Ada", since, away: false, transport: "websocket" },
      { id: bob.id, name: "Bob", since, away: false, transport: "polling" },
    ];
    for (const url of [admin, otherAdmin]) {
      expect((await ask(url, "/rooms")).body).toEqual({ rooms });
      expect((await ask(url, "/rooms/demo")).body).toEqual({ room: "demo", peers });
    }
    expect((await ask(admin, "/rooms/theirs")).body.peers).toMatchObject([{ away: false }]);
    lose(bob.client);
    await expect
      .poll(async () => (await ask(admin, "/rooms/demo")).body.peers)
      .toMatchObject([{ away: false }, { away: true }]);
  });

  test("a timeline has the steps of all nodes, each once, in order", async () => {
    const { one, two, admin, otherAdmin } = await start();
    const ada = await one.connect();
    await ada.join("demo");
    const bob = await joinWithTicket(two, "demo");
    await ada.next("user_joined");
    await ada.offer("x", { to: bob.id });
    await bob.client.request("answer", { type: "answer", sdp: "y" }, { to: ada.id });
    lose(bob.client);
    // To the other node: its steps go on there.
    await (await resume(one, bob.ticket, 1)).client.leave();
    const expected = [
      { event: "joined", from: ada.id },
      { event: "joined", from: bob.id },
      { event: "offer", from: ada.id, to: bob.id, delivered: 1 },
      { event: "answer", from: bob.id, to: ada.id },
      { event: "away", from: bob.id },
      { event: "resumed", from: bob.id },
      { event: "left", from: bob.id },
    ];
    for (const url of [admin, otherAdmin]) {
      const { body } = await ask(url, "/rooms/demo/timeline");
      // Whether the other node had noticed the loss before the seat was taken over.
      const steps = body.steps.filter(({ event }: { event: string }) => event !== "away");
      expect(steps).toMatchObject(expected.filter(({ event }) => event !== "away"));
    }
  });

  test("a peer of another node is disconnected, a room of both closed, with a reason", async () => {
    const { one, two, admin } = await start();
    const [ada, bob, cyd] = [await one.connect(), await two.connect(), await two.connect()];
    for (const peer of [ada, bob, cyd]) await peer.join("demo");
    const done = await tell(admin, `/peers/${bob.id}/disconnect`, { reason: "go home" });
    expect(done).toMatchObject({ status: 200 });
    expect(await bob.next("signal_error")).toMatchObject([{ code: "removed", message: "go home" }]);
    await tell(admin, "/rooms/demo/close", { reason: "closing time" });
    for (const peer of [ada, cyd]) {
      expect(await peer.next("signal_error")).toMatchObject([
        { code: "room_closed", message: "closing time" },
      ]);
    }
    const late = await two.connect();
    expect(await late.join("demo")).toMatchObject({ error: { code: "room_closed" } });
  });

  test("how it is with Redis", async () => {
    const { admin } = await start();
    expect(await readOurs(admin)).toMatchObject({ redis_up: 1, redis_nodes: 2 });
    const lag = (await readOurs(admin))["redis_lease_age_seconds"];
    expect(lag).toBeLessThan(1);
    await redis.kill();
    await expect
      .poll(async () => {
        const metrics = await readOurs(admin);
        return {
          isUp: metrics["redis_up"] === 1,
          hasFailed: (metrics["redis_errors_total"] ?? 0) > 0,
        };
      })
      .toEqual({ isUp: false, hasFailed: true });
    expect(await ask(admin, "/rooms")).toMatchObject({
      status: 503,
      body: { error: { code: "unavailable", message: expect.stringContaining("Redis") } },
    });
    await redis.start();
  });
});
