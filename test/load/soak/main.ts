/**
 * `npm run soak -- --minutes 10 --peers 500`: peers come, call each other and go, and the server is
 * measured all the while. Exits with 1 unless it ends as it began.
 */

import { parseArgs } from "node:util";
import { MeasuredServer, type Measurement } from "../../support/measured.ts";
import { startPings } from "../../support/pings.ts";
import { createRandom } from "../../support/random.ts";
import { createCrowd } from "./crowd.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    peers: { type: "string", default: "500" },
    seed: { type: "string", default: "1" },
  },
});
const minutes = Number(values.minutes);
const peers = Number(values.peers);
const SAMPLE_EVERY_MS = 10_000;
const MIB = 1_048_576;

/** What a heap may have grown by in the end: fragments, and code that was compiled late. */
const HEAP_TOLERANCE = 2 * MIB;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const mib = (bytes: number) => (bytes / MIB).toFixed(1);

const server = await MeasuredServer.start({ MAX_CONNECTIONS_PER_ADDRESS: "0" });
const pings = await startPings(server.url);

/** Lets a crowd in for a while, measures it, and resolves with the measurements when all are gone. */
async function soak(lastingMs: number, seed: number) {
  const crowd = createCrowd(server.url, peers, createRandom(seed));
  const samples: Measurement[] = [];
  for (const end = performance.now() + lastingMs; performance.now() < end; ) {
    await sleep(Math.min(SAMPLE_EVERY_MS, end - performance.now()));
    const sample = await server.measure();
    samples.push(sample);
    console.log(
      `${sample.connections} connections, ${sample.rooms} rooms, heap ${mib(sample.heapUsed)} MiB, ` +
        `resident ${mib(sample.rss)} MiB, ${sample.timers} timers, ${sample.listeners} listeners`,
    );
  }
  const calls = await crowd.leave();
  let after = await server.measure();
  // The bystanders have a heartbeat each; connections kept for reuse take a minute to end.
  for (let tries = 0; tries < 90 && (after.connections > 2 || after.timers > 2); tries++) {
    await sleep(1_000);
    after = await server.measure();
  }
  return { samples, calls, after };
}

/** The slope of a line through the heap's samples, in MiB a minute (least squares). */
function slope(samples: Measurement[]): number {
  const mean = (numbers: number[]) => numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
  const times = samples.map((_, n) => (n * SAMPLE_EVERY_MS) / 60_000);
  const heaps = samples.map(({ heapUsed }) => heapUsed / MIB);
  const [time, heap] = [mean(times), mean(heaps)];
  const above = times.map((t, n) => (t - time) * ((heaps[n] ?? heap) - heap));
  return mean(above) / mean(times.map((t) => (t - time) ** 2));
}

console.log("warm-up, after which the baseline is measured");
const { after: before } = await soak(Math.max(10_000, minutes * 6_000), Number(values.seed));
console.log(`soak: ${peers} peers for ${minutes} minutes`);
const { samples, calls, after } = await soak(minutes * 60_000, Number(values.seed) + 1);
const { sent, lost } = await pings.stop();

console.log(`calls made ${calls}; bystander pings sent ${sent}, lost ${lost}`);
console.log(`heap with the crowd inside: slope ${slope(samples).toFixed(3)} MiB a minute`);
for (const key of ["connections", "sockets", "rooms", "seats", "listeners", "timers"] as const) {
  console.log(`${key}: ${before[key]} before, ${after[key]} after`);
}
console.log(`heap: ${mib(before.heapUsed)} MiB before, ${mib(after.heapUsed)} MiB after`);
console.log(`errors logged: ${server.output || "none"}`);
const isSame = (["connections", "sockets", "rooms", "seats", "listeners", "timers"] as const).every(
  (key) => before[key] === after[key],
);
const isFlat = after.heapUsed - before.heapUsed < HEAP_TOLERANCE;
await server.stop();
process.exit(isSame && isFlat && lost === 0 && server.output === "" ? 0 : 1);
