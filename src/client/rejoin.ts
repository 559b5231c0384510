/** Joining again after a lost connection. */

import { isCode } from "./errors.ts";
import { pause } from "./pause.ts";

/** Time between two attempts. */
const RETRY_MS = 2_000;
/**
 * Joins, and retries while the room is full: our old seat may still be taken, until the server has noticed that its
 * connection is lost, and its grace is over. Retries too when rate limited, as when many peers reconnect at once, and
 * when the rooms can't be reached.
 *
 * @param patienceMs for how long
 * @throws the last error of `join`, or the signal's reason
 */
export async function joinAgain(
  join: () => Promise<unknown>,
  patienceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const start = performance.now();
  for (;;) {
    try {
      await join();
      return;
    } catch (error) {
      const mayPass = isCode(error, "room_full", "rate_limited", "unavailable");
      if (!mayPass || performance.now() - start >= patienceMs) throw error;
    }
    await pause(RETRY_MS, signal);
  }
}
