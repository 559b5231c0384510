/** Everyone in a room at once: each message goes to all the others. */

import { CANDIDATE } from "./call.ts";
import type { Crowd } from "./crowd.ts";

const LIMIT_MS = 30_000;

/** Sends candidates to whole rooms for `durationMs`, one a room at a time; gives how many arrived. */
export async function fanOut(crowd: Crowd, durationMs: number): Promise<number> {
  const end = performance.now() + durationMs;
  let arrivals = 0;
  let expected = 0;
  for (const room of crowd.rooms) {
    let sender = 0;
    let missing = 0;
    const next = () => {
      if (performance.now() > end) return;
      missing = room.length - 1;
      expected += missing;
      const from = room[sender++ % room.length];
      from?.sendAll(
        CANDIDATE,
        room.filter((peer) => peer !== from),
      );
    };
    for (const peer of room) {
      peer.onArrival = () => {
        arrivals++;
        if (--missing === 0) next();
      };
    }
    next();
  }
  await crowd.until(() => arrivals === expected && performance.now() > end, LIMIT_MS, "fan-out");
  return arrivals;
}
