/** A token bucket: how much a client may do within some time. */

/** Whether there was enough in the bucket; if not, how long to wait. */
type Allowance = { ok: true } | { ok: false; waitMs: number };

/** The size of a bucket, and how fast it refills. */
export interface RateLimit {
  /** 0 sets no limit. */
  perSecond: number;
  burst: number;
}

const ALLOWED: Allowance = { ok: true };
/** Tolerance for floating-point sums: (56.1 + 200) - 56.1 isn't 200, and would refuse a full bucket. */
const ROUNDING_MS = 1e-3;

/** The clock of the buckets: milliseconds that, unlike Unix time, never go back. */
export const steadyNow = () => performance.now();

/** One bucket. There are two for each connection, so it is small. */
export class RateLimiter {
  private readonly limit: RateLimit;
  private readonly now: () => number;
  /** When it will be full: a bucket's whole state (GCRA, ITU-T I.371). */
  private fullAt: number;

  /** @param startFullAtMs when it will be full, by the clock `now`; by default it is full */
  constructor(limit: RateLimit, now: () => number, startFullAtMs = 0) {
    this.limit = limit;
    this.now = now;
    this.fullAt = startFullAtMs;
  }

  /** Takes `cost` out of the bucket, or nothing if it holds less. A cost above `burst` counts as `burst`. */
  take(cost: number): Allowance {
    const { perSecond, burst } = this.limit;
    if (perSecond === 0) return ALLOWED;
    const msEach = 1_000 / perSecond;
    const nowMs = this.now();
    const thenFullAtMs = Math.max(this.fullAt, nowMs) + Math.min(cost, burst) * msEach;
    const waitMs = Math.ceil(thenFullAtMs - nowMs - burst * msEach - ROUNDING_MS);
    if (waitMs > 0) return { ok: false, waitMs };
    this.fullAt = thenFullAtMs;
    return ALLOWED;
  }

  /** When the bucket will be full, by its clock; a time in the past if it is full. */
  fullAtMs(): number {
    return this.limit.perSecond === 0 ? 0 : this.fullAt;
  }
}
