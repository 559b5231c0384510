/** Short runs of `npm run cluster`: three nodes and a Redis, used and harmed. What they print is enough to repeat them. */

import { beforeAll, describe, expect, test } from "vitest";
import { runCapacity } from "../../load/cluster/capacity.ts";
import { runFaults } from "../../load/cluster/faults.ts";
import { runJoins } from "../../load/cluster/joins.ts";
import { runKills } from "../../load/cluster/kills.ts";
import { runPauses } from "../../load/cluster/pauses.ts";
import { runRaces } from "../../load/cluster/races.ts";
import type { Report } from "../../load/cluster/report.ts";
import { runRolling } from "../../load/cluster/rolling.ts";
import { lacksRedis } from "../../support/redis.ts";

const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 20));
const leaseMs = 1_000;

async function isFine(run: Promise<Report>): Promise<void> {
  const report = await run;
  expect(report.faults, report.toString()).toEqual([]);
}

describe.skipIf(lacksRedis())("a cluster", { timeout: 60_000 }, () => {
  beforeAll(() => console.info(`SEED=${seed}`));

  test("[J1] [R3] 200 peers join at once and speak at once: nobody hears from a peer that it doesn't know", () =>
    isFine(runJoins({ seed, count: 200 })));

  test("[J4] 300 peers join a room over all nodes: exactly its capacity comes in", () =>
    isFine(runCapacity({ seed, count: 300, capacity: 20 })));

  test("[J6] [S7] [L2] after 300 races for seats over all nodes, nothing is left in them and in Redis", () =>
    isFine(runRaces({ seed, count: 300 })));

  test("[S2] [S5] a killed node's plain peers are missed within the lease, the others resume at another one", () =>
    isFine(runKills({ seed, times: 2, leaseMs })));

  test.each(["short", "long"] as const)(
    "[S5] a node that was taken for gone and wakes: all agree, with %s heartbeats",
    (heartbeats) => isFine(runPauses({ seed, times: 1, leaseMs, peers: 24, heartbeats })),
  );

  // The fourth one differs from the first by its length.
  test.each(["kill", "stop", "cut"] as const)(
    "[R3] Redis fails for 2 s (%s): nothing is lost, twice or out of order, and nobody is told",
    (what) => isFine(runFaults({ seed, what, leaseMs, faultMs: 2_000, rate: 100 })),
  );

  test.each(["SIGTERM", "SIGKILL"] as const)(
    "[S4] [D1] all nodes restarted one after another by %s: nobody is missed",
    (signal) => isFine(runRolling({ seed, peers: 60, signal })),
  );
});
