import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RateLimiter } from "../../src/connections/rate-limit.ts";

/** A clock that stands still until it is told otherwise. */
function createClock() {
  let ms = 1_000;
  return {
    read: () => ms,
    advance: (by: number) => {
      ms += by;
    },
  };
}

describe("rate limit", () => {
  test("a burst passes at once, and no more", () => {
    const bucket = new RateLimiter({ perSecond: 50, burst: 3 }, () => 0);
    expect([bucket.take(1), bucket.take(1), bucket.take(1)]).toEqual([
      { ok: true },
      { ok: true },
      { ok: true },
    ]);
    expect(bucket.take(1)).toEqual({ ok: false, waitMs: 20 });
  });

  test("after the time it names, and not a moment before, there is enough", () => {
    const clock = createClock();
    const bucket = new RateLimiter({ perSecond: 50, burst: 10 }, clock.read);
    expect(bucket.take(10)).toEqual({ ok: true });
    expect(bucket.take(10)).toEqual({ ok: false, waitMs: 200 });
    clock.advance(199);
    expect(bucket.take(10)).toEqual({ ok: false, waitMs: 1 });
    clock.advance(1);
    expect(bucket.take(10)).toEqual({ ok: true });
  });

  test("a full bucket holds the whole burst, and the time it names is enough, at any time", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e11, noNaN: true }),
        fc.integer({ min: 1, max: 100 }),
        (startMs, perSecond) => {
          let now = startMs;
          const bucket = new RateLimiter({ perSecond, burst: 10 }, () => now);
          expect(bucket.take(10)).toEqual({ ok: true });
          const refused = bucket.take(10);
          now += refused.ok ? 0 : refused.waitMs;
          expect(bucket.take(10)).toEqual({ ok: true });
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("what costs more than a burst takes all of it", () => {
    const clock = createClock();
    const bucket = new RateLimiter({ perSecond: 50, burst: 10 }, clock.read);
    expect(bucket.take(11)).toEqual({ ok: true });
    expect(bucket.take(1)).toEqual({ ok: false, waitMs: 20 });
    expect(bucket.take(1_000)).toEqual({ ok: false, waitMs: 200 });
  });

  test("what is refused takes nothing", () => {
    const bucket = new RateLimiter({ perSecond: 1, burst: 10 }, () => 0);
    expect(bucket.take(9)).toEqual({ ok: true });
    expect(bucket.take(5).ok).toBe(false);
    expect(bucket.take(1)).toEqual({ ok: true });
  });

  test("it never holds more than a burst", () => {
    const clock = createClock();
    const bucket = new RateLimiter({ perSecond: 1_000, burst: 5 }, clock.read);
    clock.advance(3_600_000);
    expect(bucket.take(5).ok).toBe(true);
    expect(bucket.take(1).ok).toBe(false);
  });

  test("0 a second is no limit", () => {
    const bucket = new RateLimiter({ perSecond: 0, burst: 1 }, () => 0);
    for (let n = 0; n < 1_000; n++) expect(bucket.take(10)).toEqual({ ok: true });
  });

  test("whatever comes when: never more than the burst and what has flowed in since", () => {
    const steps = fc.array(
      fc.record({ afterMs: fc.nat(500), cost: fc.integer({ min: 1, max: 10 }) }),
    );
    fc.assert(
      fc.property(steps, (events) => {
        const clock = createClock();
        const bucket = new RateLimiter({ perSecond: 50, burst: 20 }, clock.read);
        let taken = 0;
        for (const { afterMs, cost } of events) {
          clock.advance(afterMs);
          if (bucket.take(cost).ok) taken += cost;
          expect(taken).toBeLessThanOrEqual(20 + ((clock.read() - 1_000) * 50) / 1_000 + 1e-6);
        }
      }),
    );
  });
});
