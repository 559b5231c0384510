/** What peers and operators see while Redis is away, at the start or later. */

import { describe, expect, test } from "vitest";
import { READY, RESUME_SECRET, readiness, startNodes } from "../../support/cluster.ts";
import { lacksRedis, RedisServer } from "../../support/redis.ts";
import { countedBy, joinWithTicket, lose, resume } from "../../support/resuming.ts";
import { spawnServer } from "../../support/server.ts";

describe.skipIf(lacksRedis())("without Redis", () => {
  test("nobody can join while Redis is away, and calls on a node go on", async () => {
    const server = await RedisServer.start();
    const [one, two] = await startNodes(server.url);
    const [ada, bob] = [await joinWithTicket(one, "demo"), await joinWithTicket(one, "demo")];
    const eve = await joinWithTicket(two, "demo");
    await server.kill();
    await expect.poll(() => readiness(one.url)).toMatchObject({ store: "unavailable" });
    expect((await fetch(`${one.url}/ready`)).status).toBe(200);
    const late = await one.connect();
    expect(await late.join("demo")).toMatchObject({ error: { code: "unavailable" } });
    await bob.client.offer("1", { to: ada.id });
    await ada.client.next("getOffer");
    // Its own node knows it.
    lose(ada.client);
    const { client } = await resume(one, ada.ticket, countedBy(ada.client));
    await eve.client.offer("2", { to: ada.id });
    await server.start();
    expect(await client.next("getOffer")).toMatchObject([{ sdp: "2" }, { from: eve.id }]);
    await expect.poll(async () => (await late.join("demo")).ok).toBe(true);
    expect(await eve.client.next("user_joined")).toMatchObject([{ id: late.id }]);
    for (const event of ["user_exit", "user_joined"] as const) {
      expect(bob.client.all(event).length + eve.client.all(event).length).toBe(
        event === "user_joined" ? 3 : 0,
      );
    }
    await server.end();
  });

  test("without Redis at the start, the server isn't ready and says why; then it is", async () => {
    const server = await RedisServer.start();
    await server.kill();
    const secret = "a-password-that-nobody-sees";
    const REDIS_URL = server.url.replace("//", `//default:${secret}@`);
    const env = { REDIS_URL, RESUME_SECRET, LOG_LEVEL: "info" };
    const { url, process, connect } = await spawnServer(env);
    const answer = await fetch(`${url}/ready`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ status: "unavailable", reason: "store" });
    await process.printed(/Redis can't be reached/);
    const client = await connect();
    expect(await client.join("demo")).toMatchObject({ error: { code: "unavailable" } });
    await server.start();
    await process.printed(/Redis answers/);
    await expect.poll(() => readiness(url)).toEqual({ status: "ready", store: "ok" });
    await expect.poll(async () => (await client.join("demo")).ok).toBe(true);
    expect(process.output).toContain("ECONNREFUSED");
    expect(process.output).not.toContain(secret);
    await server.end();
  });

  test("a wrong password is named as such, without saying it", async () => {
    const server = await RedisServer.start();
    await server.require("the right one");
    const REDIS_URL = server.url.replace("//", "//:the-wrong-one@");
    const { url, process } = await spawnServer({ REDIS_URL, RESUME_SECRET, LOG_LEVEL: "info" });
    await process.printed(/WRONGPASS.*Check the user and the password in REDIS_URL/);
    expect(await readiness(url)).toMatchObject({ reason: "store" });
    expect(process.output).not.toContain("the-wrong-one");
    // Once it fits, the server is there without a restart.
    await server.require("the-wrong-one");
    await expect.poll(() => readiness(url)).toMatchObject(READY);
    await server.end();
  });
});
