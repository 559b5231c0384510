/** Joining again after a lost connection. */

import { isCode } from "./errors.ts";
import { pause } from "./pause.ts";

/** How long to wait between two tries. */
const RETRY_MS = 2_000;
/** For longer than a server takes to miss a heartbeat, which by default is 18 s. */
const PATIENCE_MS = 30_000;

/**
 * Joins, and tries again while the room is full: the last seat may be our own, of the connection that
 * was lost without the server's knowing yet. Likewise when so many come back that the server slows us.
 *
 * @throws what `join` throws in the end, or the signal's reason
 */
export async function joinAgain(join: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  const start = performance.now();
  for (;;) {
    try {
      await join();
      return;
    } catch (error) {
      const mayPass = isCode(error, "room_full", "rate_limited");
      if (!mayPass || performance.now() - start >= PATIENCE_MS) throw error;
    }
    await pause(RETRY_MS, signal);
  }
}
