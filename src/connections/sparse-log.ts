/** Rate limit for log lines that clients can cause, so that they can't fill a disk. */

import type { Logger } from "../log/logger.ts";
import { type RateLimit, RateLimiter, steadyNow } from "./rate-limit.ts";

/** Logs a line, or drops it. */
export type SparseLog = (fields: object, message: string) => void;

/**
 * Creates a log that passes at most `limit` lines on to `write`. The first line after dropped ones has
 * their number in the field `leftOut`.
 */
export function createSparseLog(write: SparseLog, limit: RateLimit, now = steadyNow): SparseLog {
  const mayLog = new RateLimiter(limit, now);
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
