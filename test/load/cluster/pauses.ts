/** A node is stopped for longer than its lease, and woken: it was taken for gone, and doesn't know it yet. */

import { setTimeout as sleep } from "node:timers/promises";
import { Crowd, ROOM_SIZE } from "../restarts/crowd.ts";
import { Balancer } from "./balancer.ts";
import { onCluster, type RunOptions, until } from "./common.ts";
import type { Report } from "./report.ts";

interface PausesOptions extends RunOptions {
  times: number;
  leaseMs: number;
  /** A multiple of 4. */
  peers: number;
  heartbeats: keyof typeof HEARTBEATS;
}

/** Of a lease. */
const PAUSE = 3;
/** Shorter than the pause, so that seats are gone when the node wakes. */
const GRACE_MS = 500;
/** For everyone to be back, and for what would come too late. */
const PATIENCE_MS = 30_000;
const SETTLE_MS = 1_500;
/**
 * With the first ones, clients notice that the node is silent, and go elsewhere while it is stopped. With the second
 * ones, which are the defaults, only the node can end their connections.
 */
const HEARTBEATS = {
  short: { PING_INTERVAL_MS: "400", PING_TIMEOUT_MS: "800" },
  long: {},
};

/** Afterwards the members of that node and those of the others have to agree on who is there. */
export function runPauses(options: PausesOptions): Promise<Report> {
  const { times, leaseMs, peers, heartbeats } = options;
  const env = { RESUME_GRACE_MS: String(GRACE_MS), ...HEARTBEATS[heartbeats] };
  return onCluster(options, env, async (cluster, report) => {
    const balancer = await Balancer.open(cluster);
    // Of one room in two, each has a node of its own; one peer of each room asks for no ticket.
    const crowd = await Crowd.seat(
      (n) => (Math.floor(n / ROOM_SIZE) % 2 === 0 ? cluster.url(n) : balancer.url),
      peers,
      { rejoins: true, isPlain: (n) => n % ROOM_SIZE === 3 },
    );
    await sleep(leaseMs);
    for (let n = 0; n < times; n++) {
      const node = cluster.node(n);
      node.pause();
      await sleep(PAUSE * leaseMs);
      const wokenAt = performance.now();
      node.wake();
      const agree = () => crowd.away === 0 && crowd.astray === 0;
      await until(agree, PATIENCE_MS);
      const agreedMs = performance.now() - wokenAt;
      // Whatever comes late must not change it.
      await sleep(SETTLE_MS);
      await until(agree, PATIENCE_MS);
      const unreached = await crowd.meet();
      const { backAt, exits, joins, astray } = crowd.take();
      report.show(
        `node ${n % cluster.nodes.length}, ${heartbeats} heartbeats: resumed`,
        backAt.length,
      );
      report.show("joined anew", joins);
      report.show("user_exit", exits);
      report.show("all agree after, ms", agreedMs);
      report.must("away", crowd.away);
      report.must("with a wrong roster", astray);
      report.must("unreached", unreached);
    }
    crowd.close();
    balancer.close();
  });
}
