/** How much somebody may do in a while: a token bucket. The clock comes in from outside. */

/** Whether there was enough left, and if not, for how long to wait. */
type Allowance = { ok: true } | { ok: false; waitMs: number };

/** How much fits in a bucket, and how fast it fills. */
export interface RateLimit {
  /** 0 sets no limit. */
  perSecond: number;
  burst: number;
}

/** Takes `cost` out of the bucket, if there is as much in it; else nothing. It never costs more than a burst. */
export type RateLimiter = (cost: number) => Allowance;

const ALLOWED: Allowance = { ok: true };
/** More than such sums are off by: (56.1 + 200) - 56.1 isn't 200, and would refuse a full bucket. */
const ROUNDING_MS = 1e-3;

/** Creates a full bucket. `nowMs` is a clock that never goes back, in milliseconds. */
export function createRateLimiter(limit: RateLimit, nowMs: () => number): RateLimiter {
  if (limit.perSecond === 0) return () => ALLOWED;
  const msEach = 1_000 / limit.perSecond;
  const burstMs = limit.burst * msEach;
  // All there is to know of a bucket is when it will be full (GCRA, ITU-T I.371).
  let fullAtMs = nowMs();
  return (cost) => {
    const now = nowMs();
    const thenFullAtMs = Math.max(fullAtMs, now) + Math.min(cost, limit.burst) * msEach;
    const waitMs = Math.ceil(thenFullAtMs - now - burstMs - ROUNDING_MS);
    if (waitMs > 0) return { ok: false, waitMs };
    fullAtMs = thenFullAtMs;
    return ALLOWED;
  };
}
