/** What the runs have in common: a cluster around them, waiting, and a look at what is left. */

import { setTimeout as sleep } from "node:timers/promises";
import { Cluster, type ClusterOptions } from "../../support/nodes.ts";
import { Report } from "./report.ts";

/** What every run is told. */
export interface RunOptions {
  seed: number;
  /** 3 if left out. */
  nodes?: number | undefined;
  /** NODE_LEASE_MS. */
  leaseMs?: number | undefined;
}

const MAX_ERRORS = 10;
const POLL_MS = 20;
/** For what expires. */
const EMPTY_MS = 30_000;
const ID_LENGTH = 20;

/** Starts nodes, runs on them, ends them, and reports. */
export async function onCluster(
  { nodes, leaseMs }: RunOptions,
  env: ClusterOptions["env"],
  run: (cluster: Cluster, report: Report) => Promise<void>,
): Promise<Report> {
  const report = new Report();
  const cluster = await Cluster.start({
    ...(nodes !== undefined && { nodes }),
    env: { ...(leaseMs !== undefined && { NODE_LEASE_MS: String(leaseMs) }), ...env },
  });
  try {
    await run(cluster, report);
    report.must("nodes that crashed", cluster.crashes);
    report.show("errors logged", cluster.errors.length);
    for (const line of cluster.errors.slice(0, MAX_ERRORS)) report.show("", line.slice(0, 500));
  } finally {
    await cluster.end();
  }
  return report;
}

/** For runs in which nothing is in the way: then nothing may be logged as an error either. */
export function mustLogNothing({ errors }: Cluster, report: Report): void {
  report.must("errors", errors.length);
}

/** After everybody has gone: nobody is left in a node, and no key of Redis is or has one of these texts. */
export async function mustBeEmpty(
  cluster: Cluster,
  report: Report,
  texts: Iterable<string>,
): Promise<void> {
  const known = new Set(texts);
  let left = { peers: 0, rooms: 0 };
  let ghosts: string[] = [];
  const look = async () => {
    const counts = await Promise.all(cluster.nodes.map((node) => node.count()));
    left = counts.reduce((sum, { peers, rooms }) => ({
      peers: sum.peers + peers,
      rooms: sum.rooms + rooms,
    }));
    ghosts = [];
    for (const [key, values] of await cluster.redis.contents()) {
      if ([key, ...values].some((text) => names(text, known))) ghosts.push(key);
    }
    return left.peers + left.rooms + ghosts.length === 0;
  };
  await until(look, EMPTY_MS);
  report.must("peers left, by GET /health", left.peers);
  report.must("rooms left, by GET /health", left.rooms);
  report.must("keys of Redis that name a peer or a room", ghosts.length);
  for (const key of ghosts.slice(0, 5)) report.show("", key);
  report.show("keys of Redis", (await cluster.redis.keys()).sort().join(" "));
}

/** Whether a text holds one that is known: an id anywhere in it, or another as a word. */
function names(text: string, known: ReadonlySet<string>): boolean {
  if (text.split(/[^\w-]+/).some((word) => known.has(word))) return true;
  for (let at = 0; at + ID_LENGTH <= text.length; at++) {
    if (known.has(text.slice(at, at + ID_LENGTH))) return true;
  }
  return false;
}

/** Waits until it is so, but no longer than that; whether it is. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  limitMs: number,
): Promise<boolean> {
  const end = performance.now() + limitMs;
  for (;;) {
    if (await isSo()) return true;
    if (performance.now() > end) return false;
    await sleep(POLL_MS);
  }
}

/** Whether both hold the same. */
export function isSame(some: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  return some.size === others.size && [...some].every((item) => others.has(item));
}
