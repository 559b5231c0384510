/** A short run of `npm run fuzz`; what it prints is enough to repeat it. */

import { expect, test } from "vitest";
import { fuzz } from "../../load/fuzz/fuzz.ts";

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
