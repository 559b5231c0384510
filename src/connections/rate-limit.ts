/** How much somebody may do in a while: a token bucket. The clock comes in from outside. */

/** Whether there was enough left, and if not, for how long to wait. */
type Allowance = { ok: true } | { ok: false; waitMs: number };

/** How much fits in a bucket, and how fast it fills. */
export interface RateLimit {
  /** 0 sets no limit. */
  perSecond: number;
  burst: number;
}

/** A bucket. */
export interface RateLimiter {
  /** Takes `cost` out of it, if there is as much in it; else nothing. It never costs more than a burst. */
  take(cost: number): Allowance;
  /** When it will be full, by its clock; a moment in the past if it is. */
  fullAtMs(): number;
}

const ALLOWED: Allowance = { ok: true };
/** More than such sums are off by: (56.1 + 200) - 56.1 isn't 200, and would refuse a full bucket. */
const ROUNDING_MS = 1e-3;

/**
 * Creates a bucket that will be full at `startFullAtMs`; left out, it is full. `nowMs` is a clock that
 * never goes back, in milliseconds.
 */
export function createRateLimiter(
  limit: RateLimit,
  nowMs: () => number,
  startFullAtMs = 0,
): RateLimiter {
  if (limit.perSecond === 0) return { take: () => ALLOWED, fullAtMs: () => 0 };
  const msEach = 1_000 / limit.perSecond;
  const burstMs = limit.burst * msEach;
  // All there is to know of a bucket is when it will be full (GCRA, ITU-T I.371).
  let fullAtMs = startFullAtMs;
  const take = (cost: number): Allowance => {
    const now = nowMs();
    const thenFullAtMs = Math.max(fullAtMs, now) + Math.min(cost, limit.burst) * msEach;
    const waitMs = Math.ceil(thenFullAtMs - now - burstMs - ROUNDING_MS);
    if (waitMs > 0) return { ok: false, waitMs };
    fullAtMs = thenFullAtMs;
    return ALLOWED;
  };
  return { take, fullAtMs: () => fullAtMs };
}
