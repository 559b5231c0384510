/** `npm run fuzz -- --seed 4 --count 1000000`: exits with 1 when anything went wrong. */

import { parseArgs } from "node:util";
import { fuzz, isClean } from "./fuzz.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 24)) },
    count: { type: "string", default: "100000" },
  },
});
const seed = Number(values.seed);
const count = Number(values.count);
const mib = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MiB`;

const start = performance.now();
let told = 0;
const result = await fuzz({
  seed,
  count,
  onProgress: (sent) => {
    if (sent < told + count / 10) return;
    told = sent;
    console.log(`${sent} sent`);
  },
});
console.log(`seed ${seed}`);
console.log(`packets sent ${result.sent} in ${((performance.now() - start) / 1_000).toFixed(0)} s`);
console.log(`crashes ${result.crashes}`);
console.log(`bystander pings sent ${result.pingsSent}, lost ${result.pingsLost}`);
console.log(`errors logged ${result.faults ? `\n${result.faults.slice(0, 5_000)}` : "none"}`);
console.log(`heap grew by ${mib(result.heapGrowth)}, resident memory by ${mib(result.rssGrowth)}`);
console.log(
  `left: ${result.connections} connections, ${result.rooms} rooms; the bystanders' are 2, 1`,
);
process.exit(isClean(result) ? 0 : 1);
