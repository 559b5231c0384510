/** The checks by hand take nothing that zod refuses, and copy the same. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import {
  MAX_CANDIDATE_BYTES,
  MAX_CANDIDATES,
  MAX_SDP_BYTES,
  MAX_SDP_SECTIONS,
  MAX_TOKEN_BYTES,
} from "../../src/protocol/limits.ts";
import { candidate, candidates, description, target } from "../../src/protocol/parse.ts";
import {
  plainCandidate,
  plainCandidates,
  plainDescription,
  plainTarget,
} from "../../src/protocol/shapes.ts";

/** A string around a limit of bytes, of characters of 1 to 4 bytes. */
const around = (bytes: number) =>
  fc
    .tuple(fc.constantFrom("a", "é", "€", "😀", "\ud800"), fc.integer({ min: -1, max: 1 }))
    .map(([unit, more]) => unit.repeat(bytes / Buffer.byteLength(unit) + more));
const odd = fc.constantFrom(
  null,
  true,
  0,
  -0,
  1.5,
  -1,
  65_535,
  65_536,
  "",
  "x",
  [],
  {},
  new Uint8Array(2),
);
const sections = fc
  .tuple(
    fc.integer({ min: MAX_SDP_SECTIONS - 1, max: MAX_SDP_SECTIONS + 1 }),
    fc.constantFrom("\n", "\r", "\r\n", "", "x"),
  )
  .map(([count, end]) => `m=audio 9${end}`.repeat(count));
const someCandidate = fc.oneof(
  fc.constant(null),
  odd,
  fc.record(
    {
      candidate: fc.oneof(fc.string(), around(MAX_CANDIDATE_BYTES), odd),
      sdpMid: fc.oneof(fc.string(), around(MAX_TOKEN_BYTES), odd),
      sdpMLineIndex: fc.oneof(fc.integer({ min: -1, max: 65_536 }), odd),
      usernameFragment: fc.oneof(fc.string(), around(MAX_TOKEN_BYTES), odd),
      extra: fc.anything(),
    },
    { requiredKeys: [] },
  ),
);

const shapes: Record<
  string,
  [plain: (input: unknown) => unknown, schema: z.ZodType, fc.Arbitrary<unknown>]
> = {
  description: [
    plainDescription,
    description,
    fc.record(
      {
        sdp: fc.oneof(fc.string(), around(MAX_SDP_BYTES), sections, odd),
        type: fc.oneof(fc.constantFrom("offer", "answer", "pranswer", "rollback"), odd),
        extra: fc.anything(),
      },
      { requiredKeys: [] },
    ),
  ],
  candidate: [plainCandidate, candidate, someCandidate],
  candidates: [
    plainCandidates,
    candidates,
    fc.oneof(
      fc.array(someCandidate),
      fc.integer({ min: 0, max: MAX_CANDIDATES + 1 }).map((length) => Array(length).fill(null)),
      odd,
    ),
  ],
  target: [
    plainTarget,
    target,
    fc.record({ to: fc.oneof(fc.string(), odd) }, { requiredKeys: [] }),
  ],
};

describe.each(Object.entries(shapes))("a %s", (_, [plain, schema, inputs]) => {
  test("that passes by hand is what zod makes of it, in the same order", () => {
    let passed = 0;
    fc.assert(
      fc.property(fc.oneof({ weight: 9, arbitrary: inputs }, fc.anything()), (input) => {
        const copy = plain(input);
        if (copy === undefined) return;
        passed++;
        const parsed = schema.safeParse(input);
        expect(parsed.success).toBe(true);
        const value = plain === plainTarget ? { to: copy } : copy;
        expect(JSON.stringify(value)).toBe(JSON.stringify(parsed.data));
        if (copy !== null && typeof copy === "object") expect(copy).not.toBe(input);
      }),
      { numRuns: 3_000 },
    );
    expect(passed).toBeGreaterThan(100);
  });
});

test("what browsers send passes by hand", () => {
  const line = {
    candidate: "candidate:1 1 udp 1 a.local 9 typ host",
    sdpMid: "0",
    sdpMLineIndex: 0,
  };
  expect(plainDescription({ type: "offer", sdp: "v=0\r\nm=audio 9\r\n" })).toBeDefined();
  expect(plainCandidate({ ...line, usernameFragment: null })).toEqual({
    ...line,
    usernameFragment: null,
  });
  expect(plainCandidates([line, null])).toEqual([line, null]);
  expect(plainTarget({ to: "a" })).toBe("a");
});
