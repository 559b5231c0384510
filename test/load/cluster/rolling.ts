/** All nodes are restarted, one after another, under peers that a balancer spreads over them. */

import { setTimeout as sleep } from "node:timers/promises";
import { percentile } from "../bench/statistics.ts";
import { Crowd } from "../restarts/crowd.ts";
import { Balancer } from "./balancer.ts";
import { mustLogNothing, onCluster, type RunOptions, until } from "./common.ts";
import type { Report } from "./report.ts";

interface RollingOptions extends RunOptions {
  /** A multiple of 4: they are in rooms of four. */
  peers: number;
  signal: NodeJS.Signals;
}

/** What a connection may be lost for until it is noticed. */
const NOTICE_MS = 1_000;
const PATIENCE_MS = 60_000;

/** Nobody may be told to be gone, and nobody may have to join anew. */
export function runRolling(options: RollingOptions): Promise<Report> {
  const { peers, signal } = options;
  return onCluster(options, {}, async (cluster, report) => {
    const balancer = await Balancer.open(cluster);
    const crowd = await Crowd.seat(balancer.url, peers);
    let worstMs = 0;
    for (const [n, node] of cluster.nodes.entries()) {
      await node.end(signal);
      await sleep(NOTICE_MS);
      await until(() => crowd.away === 0, PATIENCE_MS);
      await node.start();
      const unreached = await crowd.meet();
      const { outagesMs, exits, joins, astray } = crowd.take();
      worstMs = Math.max(worstMs, ...outagesMs);
      report.show(`node ${n}, ${signal}: resumed`, outagesMs.length);
      report.show("outage, median, ms", percentile(outagesMs, 0.5));
      report.show("outage, worst, ms", Math.max(...outagesMs));
      report.must("not back", crowd.away);
      report.must("user_exit", exits);
      report.must("joined anew", joins);
      report.must("unreached", unreached);
      report.must("with a wrong roster", astray);
    }
    report.show("worst outage, ms", worstMs);
    mustLogNothing(cluster, report);
    crowd.close();
    balancer.close();
  });
}
