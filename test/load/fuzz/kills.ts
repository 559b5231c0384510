/** Kills connections at random points of random conversations, while two bystanders talk. */

import { MeasuredServer, type Measurement } from "../../support/measured.ts";
import { startPings } from "../../support/pings.ts";
import { createRandom, type Random } from "../../support/random.ts";
import { CONVERSATIONS } from "./conversations.ts";
import { DoomedConnection, Killed } from "./doomed.ts";

export interface KillOptions {
  seed: number;
  /** How many connections to kill. */
  count: number;
  onProgress?: (killed: number) => void;
  /** Whether to wait, 30 s at least, until no timer is left either. */
  awaitsTimers?: boolean;
}

/** What must be after the attack as it was before. */
const COUNTS = [
  "connections",
  "sockets",
  "rooms",
  "seats",
  "listeners",
  "timers",
  "descriptors",
] as const;
type Counts = Pick<Measurement, (typeof COUNTS)[number]>;

export interface KillResult {
  killed: number;
  /** For how long it took, without what comes before and after. */
  seconds: number;
  /** How often the server's process ended. */
  crashes: number;
  pingsSent: number;
  pingsLost: number;
  /** What the server logged at level error. */
  faults: string;
  before: Counts;
  after: Counts;
  /** Bytes of heap and resident memory by which the server grew, after a warm-up. */
  heapGrowth: number;
  rssGrowth: number;
}

/** Conversations at a time. */
const WORKERS = 32;
const ENV = {
  EVENTS_PER_SECOND: "0",
  MAX_CONNECTIONS_PER_ADDRESS: "0",
  // Sessions whose connections are gone end by missing pings.
  PING_INTERVAL_MS: "1000",
  PING_TIMEOUT_MS: "1000",
};
/** Engine.IO keeps what is left of a session by polling for 30 s. */
const SETTLE_MS = 45_000;

/** Whether nothing went wrong: no crash, no ping lost, no fault logged, nothing left behind. */
export function isUnharmed({ crashes, pingsLost, faults, before, after }: KillResult): boolean {
  const isBack = COUNTS.every((name) => after[name] <= before[name]);
  return crashes === 0 && pingsLost === 0 && faults === "" && isBack;
}

/** Runs until `count` connections were killed. What each worker does depends on the seed alone. */
export async function kill(options: KillOptions): Promise<KillResult> {
  const { seed, count, onProgress, awaitsTimers = true } = options;
  const server = await MeasuredServer.start(ENV);
  const pings = await startPings(server.url);
  const idle = countsOf(await server.measure());
  const workers = Array.from({ length: WORKERS }, (_, n) => createRandom(seed * WORKERS + n));
  const port = Number(new URL(server.url).port);
  let killed = 0;
  const run = (until: number) =>
    Promise.all(
      workers.map(async (random) => {
        while (killed < until && !server.hasEnded) {
          const connections = await converse(port, random);
          killed += connections;
          onProgress?.(killed);
        }
      }),
    );
  const start = performance.now();
  // What a process takes once, compiled code for instance, it takes in here.
  await run(Math.ceil(count / 5));
  const warm = server.hasEnded ? undefined : await server.measure();
  await run(count);
  const seconds = (performance.now() - start) / 1_000;
  const after = server.hasEnded ? undefined : await settled(server, idle, awaitsTimers);
  const { sent: pingsSent, lost: pingsLost } = await pings.stop();
  const faults = server.output;
  const crashes = server.hasEnded ? 1 : 0;
  await server.stop();
  return {
    killed,
    seconds,
    crashes,
    pingsSent,
    pingsLost,
    faults,
    before: idle,
    after: after ? countsOf(after) : idle,
    heapGrowth: (after?.heapUsed ?? 0) - (warm?.heapUsed ?? 0),
    rssGrowth: (after?.rss ?? 0) - (warm?.rss ?? 0),
  };
}

/** One conversation; gives how many connections it took. */
async function converse(port: number, random: Random): Promise<number> {
  const connections: DoomedConnection[] = [];
  const open = () => {
    const connection = new DoomedConnection(port, random);
    connections.push(connection);
    return connection;
  };
  try {
    await random.pick(CONVERSATIONS)(open, random);
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
  }
  await Promise.all(connections.map((connection) => connection.kill()));
  return connections.length;
}

/** Measures once everything is back to what it was, or doesn't come back. */
async function settled(
  server: MeasuredServer,
  idle: Counts,
  awaitsTimers: boolean,
): Promise<Measurement> {
  const names = COUNTS.filter((name) => awaitsTimers || name !== "timers");
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const measured = await server.measure();
    const isBack = names.every((name) => measured[name] <= idle[name]);
    if (isBack || performance.now() > deadline) return measured;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

function countsOf(measured: Measurement): Counts {
  const { connections, sockets, rooms, seats, listeners, timers, descriptors } = measured;
  return { connections, sockets, rooms, seats, listeners, timers, descriptors };
}
