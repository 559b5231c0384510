/** Whatever is sent, nothing reaches a room that its sender isn't in. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { startMeasured } from "../../support/bystanders.ts";
import { TestClient } from "../../support/client.ts";
import { UNLIMITED } from "../../support/server.ts";

const ROOMS = 50;
const ATTACKERS = 10;
const ATTEMPTS = 100_000;

test("100,000 random attempts over 50 rooms with a canary in each: 0 deliveries outside", {
  timeout: 240_000,
}, async () => {
  const server = await startMeasured({ ...UNLIMITED, MAX_PEERS_PER_ROOM: "16" });
  const rooms = Array.from({ length: ROOMS }, (_, n) => `room-${n}`);
  const canaries = await Promise.all(
    rooms.map(async (room) => {
      const client = await TestClient.connect(server.url);
      await client.join(room, "canary");
      return client;
    }),
  );
  const attackers = await Promise.all(
    Array.from({ length: ATTACKERS }, () => TestClient.connect(server.url)),
  );
  for (const attacker of attackers) await attacker.join("attackers");

  const ids = fc.constantFrom(...canaries.map(({ id }) => id));
  const names = fc.constantFrom(...rooms, "attackers", "", "__proto__", "*");
  const one = fc.oneof(ids, names, fc.constant(null), fc.nat());
  const target = fc.oneof(
    fc.record({ to: ids }),
    fc.record({ to: one }),
    fc.record({ to: fc.array(one, { maxLength: 3 }) }),
    fc.record({ to: fc.record({ id: one, room: one }) }),
    fc.record({ room: one, to: fc.option(one, { nil: undefined }) }),
    fc.array(one, { maxLength: 3 }),
    one,
  );
  const payload = fc.constantFrom<[string, object | null]>(
    ["offer", { type: "offer", sdp: "attack" }],
    ["answer", { type: "answer", sdp: "attack" }],
    ["candidate", { candidate: "attack" }],
    ["getOffer", { type: "offer", sdp: "attack" }],
    ["room_users", [{ id: "attack", name: "attack" }]],
    ["candidate", null],
  );
  const surplus = fc.array(fc.oneof(one, fc.record({ to: ids })), { maxLength: 2 });
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.info(`seed ${seed}`);
  const attempts = fc.sample(fc.tuple(payload, target, surplus), { numRuns: ATTEMPTS, seed });

  const before = canaries.map(({ received }) => received.length);
  for (const [n, [[event, said], to, more]] of attempts.entries()) {
    const { socket } = attackers[n % ATTACKERS] ?? {};
    socket?.emit(event, said, to, ...more);
    // Not all of them in the test's memory at once.
    if (n % 1_000 === 0) await attackers[n % ATTACKERS]?.settled();
  }
  await Promise.all([...attackers, ...canaries].map((client) => client.settled()));

  expect(canaries.map(({ received }) => received.length)).toEqual(before);
  // They really were let speak: what was for their own room arrived there.
  expect(attackers.some((attacker) => attacker.all("getOffer").length > 0)).toBe(true);
  const [first, second] = canaries;
  if (!first || !second) throw new Error("unreachable");
  await second.join("room-0");
  expect(await second.offer("welcome", { to: first.id })).toEqual({ ok: true, delivered: 1 });
  expect(await first.next("getOffer")).toMatchObject([{ sdp: "welcome" }, { from: second.id }]);
  expect(server.output).toBe("");
});
