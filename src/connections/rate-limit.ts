/** A token bucket: how much a client may do within some time. */

/** Whether there was enough in the bucket; if not, how long to wait. */
type Allowance = { ok: true } | { ok: false; waitMs: number };

/** The size of a bucket, and how fast it refills. */
export interface RateLimit {
  /** 0 sets no limit. */
  perSecond: number;
  burst: number;
}

/** One bucket. */
export interface RateLimiter {
  /** Takes `cost` out of the bucket, or nothing if it holds less. A cost above `burst` counts as `burst`. */
  take(cost: number): Allowance;
  /** When the bucket will be full, by its clock; a time in the past if it is full. */
  fullAtMs(): number;
}

const ALLOWED: Allowance = { ok: true };
/** Tolerance for floating-point sums: (56.1 + 200) - 56.1 isn't 200, and would refuse a full bucket. */
const ROUNDING_MS = 1e-3;

/** The clock of the buckets: milliseconds that, unlike Unix time, never go back. */
export const steadyNow = () => performance.now();

/** Creates a bucket that will be full at `startFullAtMs`, by the clock `now`; by default it is full. */
export function createRateLimiter(
  limit: RateLimit,
  now: () => number,
  startFullAtMs = 0,
): RateLimiter {
  if (limit.perSecond === 0) return { take: () => ALLOWED, fullAtMs: () => 0 };
  const msEach = 1_000 / limit.perSecond;
  const burstMs = limit.burst * msEach;
  // The time at which it will be full is a bucket's whole state (GCRA, ITU-T I.371).
  let fullAtMs = startFullAtMs;
  const take = (cost: number): Allowance => {
    const nowMs = now();
    const thenFullAtMs = Math.max(fullAtMs, nowMs) + Math.min(cost, limit.burst) * msEach;
    const waitMs = Math.ceil(thenFullAtMs - nowMs - burstMs - ROUNDING_MS);
    if (waitMs > 0) return { ok: false, waitMs };
    fullAtMs = thenFullAtMs;
    return ALLOWED;
  };
  return { take, fullAtMs: () => fullAtMs };
}
