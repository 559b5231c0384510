/** The open load: candidates at a fixed rate, whether or not the ones before have arrived. */

import { CANDIDATE } from "./call.ts";
import type { Crowd } from "./crowd.ts";
import { percentile } from "./statistics.ts";

export interface Latency {
  /** From writing to arrival, in microseconds. */
  p50Micros: number;
  p99Micros: number;
}

const LIMIT_MS = 30_000;

/**
 * Sends `perSecond` candidates a second from the first of each room in turn to the second, over
 * `rooms` rooms. What a peer gets comes from one sender, so it comes in the order sent.
 */
export async function measureLatency(
  crowd: Crowd,
  { perSecond, durationMs, rooms }: { perSecond: number; durationMs: number; rooms: number },
): Promise<Latency> {
  const micros: number[] = [];
  const lanes = crowd.rooms.slice(0, rooms).map(([from, to]) => {
    if (!from || !to) throw new Error("a room without a pair");
    const sent: number[] = [];
    let arrived = 0;
    to.onArrival = () => {
      micros.push((performance.now() - (sent[arrived++] ?? 0)) * 1_000);
    };
    from.onArrival = () => {};
    return () => {
      sent.push(performance.now());
      from.send(CANDIDATE, to);
    };
  });
  const total = Math.ceil((perSecond * durationMs) / 1_000);
  const start = performance.now();
  for (let count = 0; count < total; ) {
    const due = Math.min(total, ((performance.now() - start) / 1_000) * perSecond);
    for (; count < due; count++) lanes[count % lanes.length]?.();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await crowd.until(() => micros.length === total, LIMIT_MS, "paced candidates");
  return { p50Micros: percentile(micros, 0.5), p99Micros: percentile(micros, 0.99) };
}
