/**
 * What a message costs: on one node in memory, on two nodes with each room on one of them, and between two nodes. CPU
 * time of every process, less what it takes idle, at a rate that keeps no core busy.
 */

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Wire } from "../../server/resume/racer.ts";
import type { Cluster } from "../../support/nodes.ts";
import { onCluster, until } from "./common.ts";
import { Report } from "./report.ts";

export interface ThroughputOptions {
  seed: number;
  pairs: number;
  /** Messages a second. */
  rate: number;
  seconds: number;
  rounds: number;
}

/** The node of the sender and of the receiver of a pair. */
type Place = (pair: number) => readonly [sender: number, receiver: number];

/** Each node that talks has the same number of messages a second: the fewer it has, the more each costs. */
interface Setup {
  env?: Record<string, string>;
  /** How many times the pairs and the messages of one node. */
  times: number;
  place: Place;
}

const SETUPS: Readonly<Record<string, Setup>> = {
  "one node, in memory": { env: { REDIS_URL: "" }, times: 1, place: () => [0, 0] },
  "two nodes, with affinity": { times: 2, place: (pair) => [pair % 2, pair % 2] },
  "two nodes, without": { times: 1, place: () => [0, 1] },
};
const [MEMORY = "", AFFINITY = "", APART = ""] = Object.keys(SETUPS);
/** Peers on a node that has nothing to do with the others. */
const BESIDE = 20;
const TICK_MS = 5;
const DRAIN_MS = 5_000;
/** Clock ticks of /proc are 10 ms on every Linux that Node runs on. */
const US_PER_TICK = 10_000;
const PAYLOAD = `{"candidate":"candidate:1 1 udp 2113937151 192.0.2.1 54321 typ host generation 0 ufrag abcd","sdpMid":"0","sdpMLineIndex":0}`;
/** How much more a message may cost with affinity, and what it may cost a node that has nothing to do with it. */
const GOAL = { affinityPercent: 105, bystanderUs: 1 };

/** CPU time per message by process, in microseconds. */
type Costs = Readonly<Record<"nodes" | "first" | "second" | "bystander" | "redis", number>>;

/** Measures all setups in turn, several times; reports the medians. */
export async function runThroughput(options: ThroughputOptions): Promise<Report> {
  const found = new Map<string, Costs[]>();
  const report = new Report();
  for (let round = 0; round < options.rounds; round++) {
    for (const [name, { env = {}, times, place }] of Object.entries(SETUPS)) {
      const inner = await onCluster({ seed: options.seed }, env, async (cluster) => {
        found.set(name, [
          ...(found.get(name) ?? []),
          await measure(cluster, place, times, options),
        ]);
      });
      for (const fault of inner.faults) report.fault(`${name}: ${fault}`);
    }
  }
  const median = (name: string, part: keyof Costs) =>
    medianOf((found.get(name) ?? []).map((costs) => costs[part]));
  const total = (name: string) =>
    medianOf((found.get(name) ?? []).map(({ nodes, redis }) => nodes + redis));
  for (const name of Object.keys(SETUPS)) {
    report.show(`${name}: CPU per message, all processes, µs`, total(name));
  }
  report.show(`${APART}: sender's node, µs`, median(APART, "first"));
  report.show(`${APART}: receiver's node, µs`, median(APART, "second"));
  report.show(`${APART}: Redis, µs`, median(APART, "redis"));
  const percent = (100 * total(AFFINITY)) / total(MEMORY);
  report.atMost("with affinity, % of one node", percent, GOAL.affinityPercent);
  // Where everything is in memory, nothing reaches it: what its idle work costs more on a busy machine.
  const control = median(MEMORY, "bystander");
  report.show(`${MEMORY}: a node beside it, µs`, control);
  const bystanderUs = median(APART, "bystander") - control;
  report.atMost(`${APART}: a node beside them, more than that, µs`, bystanderUs, GOAL.bystanderUs);
  report.show("without affinity, % of one node", (100 * total(APART)) / total(MEMORY));
  return report;
}

async function measure(
  cluster: Cluster,
  place: Place,
  times: number,
  { seconds, ...options }: ThroughputOptions,
): Promise<Costs> {
  const pairs = options.pairs * times;
  const rate = options.rate * times;
  let received = 0;
  const all: Wire[] = [];
  const open = async (node: number, room: string) => {
    const wire = await Wire.open(cluster.url(node), (name) => {
      if (name === "getCandidate") received++;
    });
    all.push(wire);
    await wire.ask("join", { room });
    return wire;
  };
  const senders: Wire[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const [sender, receiver] = place(pair);
    senders.push(await open(sender, `pair-${pair}`));
    await open(receiver, `pair-${pair}`);
    if (pair < BESIDE) await open(2, `beside-${pair}`);
  }
  const send = (n: number) => senders[n % pairs]?.send(`42["candidate",${PAYLOAD}]`);
  /** Sends, or does nothing; gives the messages and the CPU time of each process. */
  const run = async (isSending: boolean) => {
    const before = ticksOf(cluster);
    const receivedBefore = received;
    let sent = 0;
    const startMs = performance.now();
    for (let ms = 0; ms < seconds * 1_000; ms = performance.now() - startMs) {
      const due = isSending ? Math.floor((ms * rate) / 1_000) : 0;
      while (sent < due) send(sent++);
      await sleep(TICK_MS);
    }
    await until(() => received - receivedBefore >= sent, DRAIN_MS);
    if (received - receivedBefore !== sent) throw new Error(`${received} arrived of ${sent}`);
    return { sent, ticks: ticksOf(cluster).map((now, index) => now - (before[index] ?? 0)) };
  };
  await run(true);
  const idle = await run(false);
  const busy = await run(true);
  for (const wire of all) wire.lose("close");
  const cost = (index: number) =>
    (((busy.ticks[index] ?? 0) - (idle.ticks[index] ?? 0)) * US_PER_TICK) / busy.sent;
  const [first, second, bystander, redis] = [cost(0), cost(1), cost(2), cost(3)];
  return { nodes: first + second, first, second, bystander, redis };
}

/** The CPU time so far, of the nodes and of Redis, in clock ticks. */
function ticksOf({ nodes, redis }: Cluster): number[] {
  return [...nodes.map(({ pid }) => pid), redis.pid].map((pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, in brackets, may have spaces.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(fields[11]) + Number(fields[12]);
  });
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
