/**
 * `npm run fuzz -- --seed 4 --count 1000000` sends packets, `npm run fuzz -- --seed 4 --kill 30000`
 * kills connections. Both exit with 1 when anything went wrong. With LANE=off before it, the server has no lane for offers,
 * answers and candidates.
 */

import { parseArgs } from "node:util";
import { type FuzzResult, fuzz, isClean } from "./fuzz.ts";
import { isUnharmed, kill } from "./kills.ts";

type Outcome = Pick<
  FuzzResult,
  "crashes" | "pingsSent" | "pingsLost" | "faults" | "heapGrowth" | "rssGrowth"
>;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 24)) },
    count: { type: "string", default: "100000" },
    kill: { type: "string" },
  },
});
const seed = Number(values.seed);
const count = Number(values.count);
const mib = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MiB`;

const isFine = values.kill === undefined ? await sendPackets() : await killConnections(values.kill);
process.exit(isFine ? 0 : 1);

async function sendPackets(): Promise<boolean> {
  const start = performance.now();
  const result = await fuzz({ seed, count, onProgress: teller(count, "sent") });
  console.log(`seed ${seed}`);
  console.log(`packets sent ${result.sent} in ${secondsSince(start)} s`);
  tellOutcome(result);
  console.log(
    `left: ${result.connections} connections, ${result.rooms} rooms; the bystanders' are 2, 1`,
  );
  return isClean(result);
}

async function killConnections(number: string): Promise<boolean> {
  const start = performance.now();
  const toKill = Number(number);
  const result = await kill({ seed, count: toKill, onProgress: teller(toKill, "killed") });
  console.log(`seed ${seed}`);
  console.log(`connections killed ${result.killed} in ${result.seconds.toFixed(0)} s`);
  console.log(`everything settled after ${secondsSince(start)} s`);
  tellOutcome(result);
  console.log("before", result.before);
  console.log("after", result.after);
  return isUnharmed(result);
}

function tellOutcome(result: Outcome): void {
  console.log(`crashes ${result.crashes}`);
  console.log(`bystander pings sent ${result.pingsSent}, lost ${result.pingsLost}`);
  console.log(`errors logged ${result.faults ? `\n${result.faults.slice(0, 5_000)}` : "none"}`);
  console.log(
    `heap grew by ${mib(result.heapGrowth)}, resident memory by ${mib(result.rssGrowth)}`,
  );
}

/** Tells of every tenth of `total`. */
function teller(total: number, done: string): (count: number) => void {
  let told = 0;
  return (count) => {
    if (count < told + total / 10) return;
    told = count;
    console.log(`${count} ${done}`);
  };
}

function secondsSince(start: number): string {
  return ((performance.now() - start) / 1_000).toFixed(0);
}
