/** How long a lone client takes to be in a room, over a network with a round trip of 50 ms. */

import type { Join } from "./dialects/dialect.ts";
import { SlowRelay } from "./relay.ts";
import { spreadOf } from "./statistics.ts";

const ONE_WAY_MS = 25;
const JOINS = 10;

/** From when it begins to connect, as by default, until it is in; in milliseconds, the median of a few. */
export async function measureTimeToJoined(join: Join, url: string): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < JOINS; n++) {
    // Each has a relay of its own, as a page has no connections open when it is loaded.
    const relay = await SlowRelay.start(new URL(url), ONE_WAY_MS);
    try {
      const start = performance.now();
      const peer = await join(relay.url, "far-away", "default");
      times.push(peer.joinedAt - start);
    } finally {
      relay.stop();
    }
  }
  return spreadOf(times).median;
}
