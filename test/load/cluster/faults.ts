/** Redis fails under peers that talk to each other, within nodes and between them. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../../support/nodes.ts";
import type { RedisServer } from "../../support/redis.ts";
import { percentile } from "../bench/statistics.ts";
import { onCluster, type RunOptions, until } from "./common.ts";
import { Probes } from "./probes.ts";
import type { Report } from "./report.ts";
import { Talk } from "./talkers.ts";

interface FaultsOptions extends RunOptions {
  what: FaultName;
  leaseMs: number;
  /** How long the fault lasts; 10 s if left out, 25 s for `gone`. */
  faultMs?: number | undefined;
  /** Messages a second, in all. */
  rate: number;
}

interface Fault {
  /** How long it lasts, if not told otherwise. */
  readonly ms: number;
  /** Whether Redis can't be reached at all meanwhile. */
  readonly isAway: boolean;
  begin(cluster: Cluster): Promise<void>;
  /** Resolves after so many milliseconds. */
  last(redis: RedisServer, ms: number): Promise<void>;
  end(redis: RedisServer): Promise<void>;
}

/** So long a node reads nothing before Redis is killed: what it is sent meanwhile is lost with Redis. */
const UNREAD_MS = 100;
const CUT_EVERY_MS = 100;

const killed = {
  isAway: true,
  begin: async (cluster) => {
    cluster.node(1).pause();
    await sleep(UNREAD_MS);
    await cluster.redis.kill();
    cluster.node(1).wake();
  },
  last: (_, ms) => sleep(ms),
  end: (redis) => redis.start(),
} as const satisfies Omit<Fault, "ms">;

export const FAULTS = {
  kill: { ms: 10_000, ...killed },
  gone: { ms: 25_000, ...killed },
  stop: {
    ms: 10_000,
    isAway: true,
    begin: async ({ redis }) => redis.stop(),
    last: (_, ms) => sleep(ms),
    end: async (redis) => redis.cont(),
  },
  cut: {
    ms: 10_000,
    isAway: false,
    begin: async () => {},
    last: async (redis, ms) => {
      for (const end = performance.now() + ms; performance.now() < end; ) {
        await redis.cutOldest();
        await sleep(CUT_EVERY_MS);
      }
    },
    end: async () => {},
  },
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof FAULTS;

const CALM_MS = 1_000;
/** Before the end of the fault. */
const READY_MS = 300;
/** Beyond a lease: what was wrongly taken for gone would be evicted by then. */
const AFTER_MS = 5_000;
const PATIENCE_MS = 20_000;
const MAX_LOCAL_P99_MS = 50;
const MAX_ANSWER_MS = 2_000;

/** Messages have to arrive once and in order, calls within a node go on, and nobody is told of anything. */
export function runFaults(options: FaultsOptions): Promise<Report> {
  const { seed, what, leaseMs, rate } = options;
  const fault: Fault = FAULTS[what];
  const { isAway } = fault;
  const faultMs = options.faultMs ?? fault.ms;
  const afterMs = Math.min(AFTER_MS, faultMs);
  return onCluster(options, {}, async (cluster, report) => {
    const talk = await Talk.begin(cluster, seed);
    const probes = new Probes(cluster);
    await sleep(CALM_MS);
    const calmAt = performance.now();
    talk.start(rate);
    probes.start();
    await sleep(CALM_MS);

    const beginAt = performance.now();
    await fault.begin(cluster);
    const faultAt = performance.now();
    // By then every node has noticed.
    const readiness = sleep(faultMs - READY_MS).then(() => readinessOf(cluster));
    await fault.last(cluster.redis, faultMs);
    await fault.end(cluster.redis);
    const overAt = performance.now();
    await sleep(leaseMs + afterMs);
    talk.stop();
    await until(() => talk.book.isComplete, PATIENCE_MS);
    await probes.stop();
    const endAt = performance.now();
    talk.book.close();

    const { lost, doubled, early } = talk.book.faults;
    const p99 = (isLocal: boolean, from: number, to: number) =>
      percentile(talk.tookMs(isLocal, from, to), 0.99);
    report.show("messages", talk.book.sent);
    report.must("lost", lost);
    report.must("twice", doubled);
    report.must("out of order", early);
    for (const example of talk.book.examples) report.show("", example);
    report.show("same node, before, p99, ms", p99(true, calmAt, beginAt));
    report.atMost("same node, during, p99, ms", p99(true, faultAt, overAt), MAX_LOCAL_P99_MS);
    report.show("other node, before, p99, ms", p99(false, calmAt, beginAt));
    report.show(
      "other node, during, longest, ms",
      Math.max(...talk.tookMs(false, faultAt, overAt)),
    );
    report.show("other node, after, p99, ms", p99(false, overAt + afterMs, endAt));
    report.must("said to have come, gone or changed", talk.news.length);
    for (const news of talk.news.slice(0, 5)) report.show("", news);

    reportProbes(probes, report, { beginAt, faultAt, overAt, isAway });
    if (isAway) report.must("GET /ready, as it should be", await readiness, cluster.nodes.length);
    report.must("seats of those told that there is none", await probes.ghosts());
    report.must("wrong rosters", await talk.wrongRosters());
    await sleep(CALM_MS);
    report.must("told anything after that", talk.news.length);
    talk.close();
  });
}

/** Of a fault, in milliseconds of performance.now(). */
interface Period {
  beginAt: number;
  /** When it was there. */
  faultAt: number;
  overAt: number;
  isAway: boolean;
}

function reportProbes(
  probes: Probes,
  report: Report,
  { beginAt, faultAt, overAt, isAway }: Period,
): void {
  const during = probes.within(faultAt, overAt);
  const backAt = probes.backAt(overAt);
  // Those under way when it ends may have either answer.
  const ended = during.filter(({ at, tookMs }) => at + tookMs < overAt);
  report.show("joins during the fault", during.length);
  report.show("answered unavailable", during.filter((p) => p.answer === "unavailable").length);
  report.atMost(
    "answered after, at most, ms",
    Math.max(0, ...during.map(({ tookMs }) => tookMs)),
    MAX_ANSWER_MS,
  );
  if (isAway) report.must("answered ok", ended.filter(({ answer }) => answer === "ok").length);
  const others = probes.all.filter(({ answer }) => !["ok", "unavailable"].includes(answer));
  report.must("answered otherwise", others.length);
  const before = probes.within(0, beginAt).filter(({ at, tookMs }) => at + tookMs < beginAt);
  report.must("refused before the fault", before.filter((p) => p.answer !== "ok").length);
  report.atMost("joins work again everywhere after, ms", backAt - overAt, PATIENCE_MS);
  const later = probes.within(backAt, Number.POSITIVE_INFINITY);
  report.must("refused after that", later.filter(({ answer }) => answer !== "ok").length);
}

/** How many nodes say that they are ready without their store. */
async function readinessOf(cluster: Cluster): Promise<number> {
  const answers = await Promise.all(
    cluster.nodes.map(async ({ url }) => {
      const response = await fetch(`${url}/ready`);
      const { store } = (await response.json()) as { store?: string };
      return response.ok && store === "unavailable";
    }),
  );
  return answers.filter((isRight) => isRight).length;
}
