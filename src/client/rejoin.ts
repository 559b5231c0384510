/** Joining again after a lost connection. */

import { isCode } from "./errors.ts";
import { pause } from "./pause.ts";

/** Time between two attempts. */
const RETRY_MS = 2_000;
/** Longer than a server takes to notice a lost connection, by default 18 s. */
const PATIENCE_MS = 30_000;

/**
 * Joins, and retries while the room is full: the server may not have noticed yet that our old connection is
 * lost, so its seat is still taken. Retries too when rate limited, as when many peers reconnect at once.
 *
 * @throws the last error of `join`, or the signal's reason
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
