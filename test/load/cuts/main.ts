/**
 * `npm run cuts -- --count 2000 --seed 7 --transports both`: clients talk to each other while their connections are
 * cut in every way. Exits with 1 unless every message arrived once and in order, and nobody was missed.
 * `CUTS_CONTROL=strict-tickets` and `CUTS_CONTROL=trim-at-pong` break the server on purpose: then it must fail.
 */

import { parseArgs } from "node:util";
import { cutConnections, faultsOf, isUncut } from "./cuts.ts";
import type { Transports } from "./talker.ts";

const TRANSPORTS: Readonly<Record<string, Transports>> = {
  both: ["polling", "websocket"],
  websocket: ["websocket"],
  polling: ["polling"],
};

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 20)) },
    count: { type: "string", default: "2000" },
    transports: { type: "string", default: "both" },
    lag: { type: "string", default: "0" },
    rooms: { type: "string", default: "8" },
  },
});
const { CUTS_CONTROL: control } = process.env;
const seed = Number(values.seed);
const count = Number(values.count);
const transports = TRANSPORTS[values.transports];
if (!transports) {
  console.error(`--transports must be one of ${Object.keys(TRANSPORTS).join(", ")}`);
  process.exit(1);
}

console.log(
  `seed ${seed}, ${values.transports}, lag ${values.lag} ms${control ? `, ${control}` : ""}`,
);
let told = 0;
const result = await cutConnections({
  seed,
  count,
  transports,
  lagMs: Number(values.lag),
  rooms: Number(values.rooms),
  control,
  onProgress: (cuts) => {
    if (cuts < told + count / 10) return;
    told = cuts;
    console.log(`${cuts} cuts`);
  },
});
for (const [kind, cuts] of Object.entries(result.cuts)) console.log(`${kind}: ${cuts}`);
console.log(`resumes ${result.resumes}, in ${result.seconds.toFixed(0)} s`);
console.log(`messages ${result.messages}, arrived ${result.arrived}`);
console.log(
  `lost ${result.lost}, twice ${result.doubled}, too early ${result.early}, ` +
    `from a wrong peer ${result.foreign}, refused ${result.refused}`,
);
console.log(
  `said to have left ${result.exits}, to have joined ${result.entrances}, seats lost ${result.seatsLost}, ` +
    `resumes without history ${result.gaps}, ids changed ${result.changedIds}, still away ${result.stillAway}`,
);
console.log("left on the server", result.left);
console.log(`crashes ${result.crashes}; errors logged: ${result.logged.slice(0, 5_000) || "none"}`);
for (const example of result.examples) console.log(example);
const isFine = isUncut(result);
console.log(
  isFine
    ? "everything arrived, once and in order"
    : `FAILED: ${faultsOf(result).join(", ") || "something is left"}`,
);
process.exit(isFine ? 0 : 1);
