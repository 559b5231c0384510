/**
 * `npm run cluster -- joins`, or another of the runs below: three nodes and a Redis of their own are started, used and
 * harmed. Exits with 1 unless everything was as it has to be.
 */

import { parseArgs } from "node:util";
import { lackOfFiles } from "../bench/open-files.ts";
import { ROOM_SIZE } from "../restarts/crowd.ts";
import { runCapacity } from "./capacity.ts";
import { FAULTS, type FaultName, runFaults } from "./faults.ts";
import { runJoins } from "./joins.ts";
import { runKills } from "./kills.ts";
import { runPauses } from "./pauses.ts";
import { runRaces } from "./races.ts";
import type { Report } from "./report.ts";
import { runRolling } from "./rolling.ts";
import { runThroughput } from "./throughput.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 20)) },
    nodes: { type: "string", default: "3" },
    /** Of joins, or of races. */
    count: { type: "string" },
    /** Of kills, or of pauses. */
    times: { type: "string" },
    peers: { type: "string" },
    capacity: { type: "string", default: "50" },
    /** NODE_LEASE_MS. */
    lease: { type: "string" },
    /** One of the faults alone. */
    what: { type: "string" },
    /** Messages a second. */
    rate: { type: "string" },
    signal: { type: "string", default: "SIGTERM" },
  },
});
const seed = Number(values.seed);
const common = { seed, nodes: Number(values.nodes) };
const numberOr = (fallback: number, text: string | undefined) => Number(text ?? fallback);
const leaseMs = numberOr(1_000, values.lease);
const peers = { pauses: numberOr(48, values.peers), rolling: numberOr(1_000, values.peers) };

/** The parts of each run. */
const RUNS: Readonly<Record<string, Readonly<Record<string, () => Promise<Report>>>>> = {
  joins: { "": () => runJoins({ ...common, count: numberOr(600, values.count) }) },
  capacity: {
    "": () =>
      runCapacity({
        ...common,
        count: numberOr(2_000, values.count),
        capacity: Number(values.capacity),
      }),
  },
  races: { "": () => runRaces({ ...common, count: numberOr(10_000, values.count) }) },
  kills: { "": () => runKills({ ...common, times: numberOr(100, values.times), leaseMs }) },
  pauses: partsOf(["short", "long"] as const, (heartbeats) =>
    runPauses({
      ...common,
      times: numberOr(5, values.times),
      leaseMs,
      peers: peers.pauses,
      heartbeats,
    }),
  ),
  faults: partsOf(faultsOf(values.what), (what) =>
    runFaults({
      ...common,
      what,
      rate: numberOr(200, values.rate),
      leaseMs: numberOr(10_000, values.lease),
    }),
  ),
  throughput: {
    "": () =>
      runThroughput({
        seed,
        pairs: 200,
        rate: numberOr(1_500, values.rate),
        seconds: 10,
        rounds: numberOr(3, values.times),
      }),
  },
  rolling: {
    [values.signal]: () =>
      runRolling({ ...common, peers: peers.rolling, signal: signalOf(values.signal) }),
  },
};

const [what = ""] = positionals;
const run = RUNS[what];
if (!run) fail(`npm run cluster -- ${Object.keys(RUNS).join(" | ")}`);
// The balancer has both ends of a connection, and begins another.
const connections = what === "rolling" ? 3 * peers.rolling : numberOr(2_000, values.count);
const lack = what === "races" ? undefined : lackOfFiles(connections);
if (lack) fail(lack);
if ([peers.pauses, peers.rolling].some((count) => count % ROOM_SIZE !== 0)) {
  fail(`--peers must be a multiple of ${ROOM_SIZE}`);
}
// The nodes and Redis end with this process.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));

let isFine = true;
for (const [part, start] of Object.entries(run)) {
  console.log(`${what} ${part}, seed ${seed}\n`.replace(" ,", ","));
  const startAt = performance.now();
  const report = await start();
  const seconds = ((performance.now() - startAt) / 1_000).toFixed(0);
  console.log(`${report}\n${report.isFine ? "fine" : "FAILED"}, in ${seconds} s\n`);
  isFine &&= report.isFine;
}
process.exit(isFine ? 0 : 1);

function partsOf<T extends string>(
  names: readonly T[],
  start: (name: T) => Promise<Report>,
): Record<string, () => Promise<Report>> {
  return Object.fromEntries(names.map((name) => [name, () => start(name)]));
}

/** That fault, or all of them. */
function faultsOf(text: string | undefined): FaultName[] {
  const names = (Object.keys(FAULTS) as FaultName[]).filter((name) => (text ?? name) === name);
  if (names.length === 0) fail(`--what must be one of ${Object.keys(FAULTS).join(", ")}`);
  return names;
}

function signalOf(text: string): "SIGTERM" | "SIGKILL" {
  if (text !== "SIGTERM" && text !== "SIGKILL") fail("--signal must be SIGTERM or SIGKILL");
  return text;
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
