/** On several nodes: to peers of another one, and while Redis answers later than the next frame comes. */

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { parseConfig } from "../../../src/config/config.ts";
import { buildServer } from "../../../src/server/standalone.ts";
import { TestClient } from "../../support/client.ts";
import { READY, RESUME_SECRET, readiness } from "../../support/cluster.ts";
import { lacksRedis, RedisServer } from "../../support/redis.ts";
import { newPrefix } from "../../support/redis-rooms.ts";
import { countedBy, joinWithTicket, lose, resume } from "../../support/resuming.ts";
import { WAYS } from "./peers.ts";

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

describe.skipIf(lacksRedis())("on two nodes", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis.end());

  async function startPair(lane: boolean) {
    const REDIS_PREFIX = newPrefix();
    const start = async () => {
      const env = { HOST: "127.0.0.1", PORT: "0", LOG_LEVEL: "silent", EVENTS_PER_SECOND: "0" };
      const server = buildServer(
        parseConfig({ ...env, REDIS_URL: redis.url, REDIS_PREFIX, RESUME_SECRET }),
        { lane },
      );
      const url = `http://127.0.0.1:${await server.listen()}`;
      onTestFinished(() => server.close());
      await expect.poll(() => readiness(url), { interval: 5 }).toMatchObject(READY);
      return { connect: () => TestClient.connect(url) };
    };
    return [await start(), await start()] as const;
  }

  describe.each(WAYS)("%s", (_, lane) => {
    test("[R1] [R3] [R8] what is sent at once arrives in order on both, and is answered in order", async () => {
      const [one, two] = await startPair(lane);
      const [ada, near, far] = [await one.connect(), await one.connect(), await two.connect()];
      const [, early] = await Promise.all([ada.join("demo"), ada.offer("early")]);
      expect(early).toEqual({ ok: true, delivered: 0 });
      await near.request("join", { room: "demo", candidateLists: true });
      await far.request("join", { room: "demo", resume: true });
      const answers: number[] = [];
      await Promise.all(
        numbers(60).map(async (n) => {
          const candidates = [{ candidate: `${n} a` }, { candidate: `${n} b` }];
          const sent = n % 3 ? ada.offer(`${n}`) : ada.request("candidates", candidates);
          expect(await sent).toEqual({ ok: true, delivered: 2 });
          answers.push(n);
        }),
      );
      expect(answers).toEqual(numbers(60));
      await expect.poll(() => relayed(far).length).toBe(80);
      const both = (n: number) => [`${n} a`, `${n} b`];
      expect(relayed(far)).toEqual(numbers(60).flatMap((n) => (n % 3 ? [`${n}`] : both(n))));
      await near.settled();
      expect(relayed(near)).toEqual(numbers(60).map((n) => (n % 3 ? `${n}` : both(n).join())));
    });

    test("[S4] both counts hold after a connection was lost", async () => {
      const [one, two] = await startPair(lane);
      const ada = await joinWithTicket(one, "demo");
      const bob = await joinWithTicket(two, "demo");
      await ada.client.next("user_joined");
      for (const n of numbers(10)) ada.client.socket.emit("offer", { type: "offer", sdp: `${n}` });
      await expect.poll(() => relayed(bob.client).length).toBe(10);
      const got = countedBy(bob.client);
      lose(bob.client);
      await ada.client.next("user_away");
      for (const n of numbers(5))
        expect(await ada.client.offer(`missed ${n}`)).toMatchObject({ delivered: 1 });
      const back = await resume(two, bob.ticket, got);
      expect(back.ack).toMatchObject({ ok: true, received: 0 });
      await expect.poll(() => relayed(back.client)).toEqual(numbers(5).map((n) => `missed ${n}`));
      lose(ada.client);
      const again = await resume(one, ada.ticket, countedBy(ada.client));
      expect(again.ack).toMatchObject({ ok: true, received: 15 });
    });

    test("[E1] [E2] an offer that isn't answered yet when its sender leaves harms nobody", async () => {
      const [one, two] = await startPair(lane);
      const [ada, bob] = [await one.connect(), await two.connect()];
      for (const client of [ada, bob]) await client.join("demo");
      const acks = [...numbers(5).map((n) => ada.offer(`${n}`)), ada.leave(), ada.offer("late")];
      expect((await Promise.all(acks)).map(({ ok }) => ok)).toEqual([
        ...Array(6).fill(true),
        false,
      ]);
      await bob.next("user_exit");
      expect(relayed(bob)).toEqual(numbers(5).map(String));
    });
  });
});

/** What offers and candidates say, in the order in which they came; those of a list joined. */
function relayed({ received }: TestClient): string[] {
  const said = (payload: unknown): string =>
    Array.isArray(payload)
      ? payload.map(said).join()
      : String(Object(payload).sdp ?? Object(payload).candidate);
  return received.filter(({ event }) => event.startsWith("get")).map(({ args }) => said(args[0]));
}
