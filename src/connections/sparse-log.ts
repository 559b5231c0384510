/** Log lines that clients can cause as often as they like: bounded, so that nobody fills a disk. */

import type { Logger } from "../logger.ts";
import { createRateLimiter, type RateLimit } from "./rate-limit.ts";

/** Logs a line, or leaves it out. */
export type SparseLog = (fields: object, message: string) => void;

/**
 * Creates a log of at most `limit` lines over `write`. The next line that passes after some were left
 * out says how many: `leftOut`. `nowMs` is a clock that never goes back, in milliseconds.
 */
export function createSparseLog(
  write: SparseLog,
  limit: RateLimit,
  nowMs = () => performance.now(),
): SparseLog {
  const mayLog = createRateLimiter(limit, nowMs);
  let leftOut = 0;
  return (fields, message) => {
    if (!mayLog.take(1).ok) {
      leftOut++;
      return;
    }
    write(leftOut > 0 ? { ...fields, leftOut } : fields, message);
    leftOut = 0;
  };
}

/** Lines with a stack, some 1 KB each. */
const FAULTS = { perSecond: 1, burst: 10 };

/** Creates a log of the server's own faults: a client that found one can cause it again and again. */
export function createFaultLog(log: Logger): SparseLog {
  return createSparseLog((fields, message) => log.error(fields, message), FAULTS);
}
