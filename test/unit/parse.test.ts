import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_CANDIDATE_BYTES, MAX_SDP_BYTES } from "../../src/protocol/limits.ts";
import {
  parseCallReport,
  parseCandidate,
  parseCandidates,
  parseDescription,
  parseJoin,
  parseTarget,
} from "../../src/protocol/parse.ts";

const parsers = {
  parseJoin,
  parseDescription,
  parseCandidate,
  parseCandidates,
  parseCallReport,
  parseTarget,
};

describe("payloads", () => {
  test.each(Object.entries(parsers))(
    "%s never throws, and what it takes survives a second reading",
    (_name, parse) => {
      fc.assert(
        fc.property(fc.oneof(fc.anything(), fc.object(), likely), (input) => {
          const parsed = parse(input);
          if (!parsed.ok) {
            expect(parsed.error.message).not.toBe("");
          } else if (parse !== parseTarget) {
            expect(parse(parsed.value)).toEqual(parsed);
          }
        }),
        { numRuns: 2_000 },
      );
    },
  );

  test("what is handed on is a copy with the W3C members alone", () => {
    const input = { type: "offer", sdp: "x", from: "forged", nested: { deep: true } };
    const parsed = parseDescription(input);
    expect(parsed).toEqual({ ok: true, value: { type: "offer", sdp: "x" } });
    expect(parsed.ok && parsed.value).not.toBe(input);
  });

  test("members left out stay out, null stays null", () => {
    expect(parseCandidate({ candidate: "" })).toEqual({ ok: true, value: { candidate: "" } });
    expect(parseCandidate({ candidate: "", sdpMid: null })).toEqual({
      ok: true,
      value: { candidate: "", sdpMid: null },
    });
    expect(parseCandidate(null)).toEqual({ ok: true, value: null });
  });

  test.each([
    [undefined, undefined],
    [null, undefined],
    [{}, undefined],
    [{ to: "a" }, "a"],
    [{ to: "" }, ""],
  ])("target %j is %j", (input, to) => {
    expect(parseTarget(input)).toEqual({ ok: true, value: to });
  });

  test("limits are inclusive, and count bytes of UTF-8", () => {
    const offer = (sdp: string) => parseDescription({ type: "offer", sdp });
    expect(offer("x".repeat(MAX_SDP_BYTES))).toMatchObject({ ok: true });
    expect(offer("é".repeat(MAX_SDP_BYTES / 2))).toMatchObject({ ok: true });
    expect(offer(`é${"x".repeat(MAX_SDP_BYTES - 1)}`)).toEqual({
      ok: false,
      error: { code: "too_large", message: "sdp is over its limit of 98304 bytes" },
    });
    expect(parseCandidate({ candidate: "c".repeat(MAX_CANDIDATE_BYTES) })).toMatchObject({
      ok: true,
    });
    expect(parseCandidate({ candidate: "c".repeat(MAX_CANDIDATE_BYTES + 1) })).toMatchObject({
      error: { code: "too_large" },
    });
  });

  test.each(["\r\n", "\n", "\r"])(
    "more sections than a call has, with lines that end in %j",
    (end) => {
      const offer = (sections: number) =>
        parseDescription({
          type: "offer",
          sdp: `v=0${end}${`m=audio 9 x 0${end}`.repeat(sections)}`,
        });
      expect(offer(64)).toMatchObject({ ok: true });
      expect(offer(65)).toEqual({
        ok: false,
        error: { code: "too_large", message: "sdp has more than 64 lines that begin with m=" },
      });
    },
  );

  test("a section is a line that begins with m=, the first one too", () => {
    const answer = (sdp: string) => parseDescription({ type: "answer", sdp });
    expect(answer("m=\n".repeat(65))).toMatchObject({ error: { code: "too_large" } });
    expect(answer("a=x:m=\n".repeat(500))).toMatchObject({ ok: true });
    expect(answer(" m=\n".repeat(500))).toMatchObject({ ok: true });
  });

  test("the message names the member and what it must be", () => {
    const message = (parsed: ReturnType<typeof parseJoin>) => !parsed.ok && parsed.error.message;
    expect(message(parseJoin(undefined))).toBe(
      "the argument of join must be an object { room, name?, candidateLists?, resume?, metadata? }",
    );
    expect(message(parseJoin({}))).toBe("room must be a string");
    expect(message(parseJoin({ room: "a b" }))).toMatch(/^room must be 1 to 128 characters out of/);
    expect(message(parseJoin({ room: "a", name: 1 }))).toBe("name must be a string");
    expect(message(parseJoin({ room: "a", candidateLists: 1 }))).toBe(
      "candidateLists must be true or false",
    );
  });
});

/** Inputs near the mark. */
const likely = fc.record(
  {
    room: fc.oneof(fc.string(), fc.constant("demo")),
    name: fc.string({ unit: "binary" }),
    type: fc.constantFrom("offer", "answer", "pranswer", "rollback"),
    sdp: fc.string(),
    candidate: fc.string(),
    sdpMid: fc.option(fc.string()),
    sdpMLineIndex: fc.option(fc.integer()),
    usernameFragment: fc.option(fc.string()),
    to: fc.oneof(fc.string(), fc.anything()),
    outcome: fc.constantFrom("connected", "failed", "ended", "won"),
    ms: fc.oneof(fc.nat(), fc.anything()),
    path: fc.constantFrom("host", "relay/tls", "relay"),
    rttMs: fc.double(),
    lostPercent: fc.integer({ min: 0, max: 100 }),
    reason: fc.constantFrom("ice", "dtls", "bad luck"),
  },
  { requiredKeys: [] },
);
