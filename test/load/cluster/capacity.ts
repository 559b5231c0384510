/** Many more peers than a room holds join it at once, over all nodes. */

import { type Answer, Wire } from "../../server/resume/racer.ts";
import { createRandom } from "../../support/random.ts";
import { mustLogNothing, onCluster, type RunOptions } from "./common.ts";
import type { Report } from "./report.ts";

interface CapacityOptions extends RunOptions {
  count: number;
  /** MAX_PEERS_PER_ROOM. */
  capacity: number;
}

const TIMES = 3;

/** Exactly the capacity may come in, and has to be free again when they have left. */
export function runCapacity(options: CapacityOptions): Promise<Report> {
  const { seed, count, capacity } = options;
  const env = { MAX_PEERS_PER_ROOM: String(capacity) };
  return onCluster(options, env, async (cluster, report) => {
    const random = createRandom(seed);
    const wires = await Promise.all(
      Array.from({ length: count }, () => Wire.open(cluster.url(random.upTo(1_000)))),
    );
    // The second round finds the room as the first has left it.
    for (const room of [...Array.from({ length: TIMES }, (_, n) => `room-${n}`), "room-0"]) {
      wires.sort(() => random.next() - 0.5);
      const startAt = performance.now();
      const answers = await Promise.all(wires.map((wire) => wire.ask("join", { room })));
      report.show(`${count} joins of ${room}, ms`, performance.now() - startAt);
      report.must("ok", answers.filter((answer) => answer?.ok).length, capacity);
      const refusals = answers.flatMap((answer) => (answer?.ok ? [] : codeOf(answer)));
      const full = refusals.filter((code) => code === "room_full").length;
      report.must("room_full", full, count - capacity);
      for (const code of new Set(refusals)) if (code !== "room_full") report.show("", code);
      const last = Math.max(...answers.map((answer) => (answer?.ok ? answer.users.length : 0)));
      report.must("others that the last one saw", last, capacity - 1);
      await Promise.all(wires.map((wire) => wire.ask("leave")));
    }
    mustLogNothing(cluster, report);
    for (const wire of wires) wire.lose("end");
  });
}

function codeOf(answer: Answer | undefined): string {
  return answer?.ok === false ? answer.error.code : "the connection ended";
}
