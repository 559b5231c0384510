/** Short runs of `npm run fuzz`; what they print is enough to repeat them. */

import { expect, test } from "vitest";
import { fuzz } from "../../load/fuzz/fuzz.ts";
import { kill } from "../../load/fuzz/kills.ts";

test("20,000 hostile packets: no crash, no ping of a bystander lost, nothing left behind", {
  timeout: 120_000,
}, async () => {
  const seed = Math.floor(Math.random() * 2 ** 24);
  console.info(`seed ${seed}: npm run fuzz -- --seed ${seed} --count 20000`);
  expect(await fuzz({ seed, count: 20_000 })).toMatchObject({
    crashes: 0,
    pingsLost: 0,
    faults: "",
    connections: 2,
    rooms: 1,
  });
});

test("2,000 connections killed at random points: no crash, no ping lost, nothing left behind", {
  timeout: 120_000,
}, async () => {
  const seed = Math.floor(Math.random() * 2 ** 24);
  console.info(`seed ${seed}: npm run fuzz -- --seed ${seed} --kill 2000`);
  // Engine.IO's timers for ended sessions take 30 s; the long run waits for them.
  const result = await kill({ seed, count: 2_000, awaitsTimers: false });
  expect(result).toMatchObject({ crashes: 0, pingsLost: 0, faults: "" });
  expect({ ...result.after, timers: 0 }).toEqual({ ...result.before, timers: 0 });
});
