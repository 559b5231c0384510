/**
 * Parsing of client input, from `unknown` to typed values. The results are copies of the known members,
 * so nothing unknown or deeply nested is passed on.
 */

import { z } from "zod";
import type { AddressedCallReport } from "./call-report.ts";
import { callReport } from "./call-report-schema.ts";
import {
  MAX_CANDIDATE_BYTES,
  MAX_CANDIDATES,
  MAX_SDP_BYTES,
  MAX_SDP_SECTIONS,
  MAX_TICKET_BYTES,
  MAX_TOKEN_BYTES,
} from "./limits.ts";
import type {
  Candidate,
  Description,
  ErrorCode,
  JoinRequest,
  Metadata,
  Refused,
  ResumeRequest,
} from "./messages.ts";
import { metadata } from "./metadata.ts";
import { name, room } from "./names.ts";
import {
  hasFewSections,
  plainCandidate,
  plainCandidates,
  plainDescription,
  plainTarget,
} from "./shapes.ts";

/** A parsed value, or the refusal to answer with. */
export type Parsed<T> = { ok: true; value: T } | Refused;

/** Creates a refusal. */
export function refuse(code: ErrorCode, message: string): Refused {
  return { ok: false, error: { code, message } };
}

/** A string of at most `maxBytes` bytes of UTF-8; a longer one is `too_large`. */
const text = (maxBytes: number) =>
  z.string({ error: "must be a string" }).refine((s) => Buffer.byteLength(s) <= maxBytes, {
    error: `is over its limit of ${maxBytes} bytes`,
    params: { code: "too_large" satisfies ErrorCode },
  });

const flag = z.boolean({ error: "must be true or false" }).default(false);

const join = z.object(
  {
    room,
    name: name.default(""),
    candidateLists: flag,
    resume: flag,
    metadata: metadata.exactOptional(),
  },
  { error: "must be an object { room, name?, candidateLists?, resume?, metadata? }" },
);

const setMetadata = z.object({ metadata }, { error: "must be an object { metadata }" });

const resume = z.object(
  {
    ticket: text(MAX_TICKET_BYTES),
    received: z
      .int({ error: "must be a whole number from 0 on" })
      .min(0, { error: "must be a whole number from 0 on" }),
  },
  { error: "must be an object { ticket, received }" },
) satisfies z.ZodType<ResumeRequest>;

export const description = z.object(
  {
    type: z.enum(["offer", "answer", "pranswer"], {
      error: 'must be "offer", "answer" or "pranswer"',
    }),
    sdp: text(MAX_SDP_BYTES).refine(hasFewSections, {
      error: `has more than ${MAX_SDP_SECTIONS} lines that begin with m=`,
      params: { code: "too_large" satisfies ErrorCode },
    }),
  },
  { error: "must be an object { type, sdp }" },
) satisfies z.ZodType<Description>;

export const candidate = z
  .object(
    {
      candidate: text(MAX_CANDIDATE_BYTES),
      sdpMid: text(MAX_TOKEN_BYTES).nullable().exactOptional(),
      sdpMLineIndex: z
        .int({ error: "must be a whole number from 0 to 65535, or null" })
        .min(0, { error: "must be a whole number from 0 to 65535, or null" })
        .max(65_535, { error: "must be a whole number from 0 to 65535, or null" })
        .nullable()
        .exactOptional(),
      usernameFragment: text(MAX_TOKEN_BYTES).nullable().exactOptional(),
    },
    {
      error: "must be an object { candidate, sdpMid?, sdpMLineIndex?, usernameFragment? } or null",
    },
  )
  .nullable() satisfies z.ZodType<Candidate | null>;

export const candidates = z
  .array(candidate, { error: "must be a list of candidates" })
  .min(1, { error: "must not be empty" })
  .max(MAX_CANDIDATES, { error: `must be at most ${MAX_CANDIDATES}` });

export const target = z
  .object(
    { to: z.string({ error: "must be the id of a peer" }).optional() },
    { error: "must be an object { to? }" },
  )
  // An undefined argument before the callback arrives as null.
  .nullish();

/**
 * Parses `input` with `schema`, unless `plain` is its value already. A refusal names the member at fault, or `what` if it
 * is the whole.
 */
function read<T>(schema: z.ZodType<T>, what: string, input: unknown, plain?: T): Parsed<T> {
  if (plain !== undefined) return { ok: true, value: plain };
  // Attachments arrive as Buffers, which would pass as objects without members.
  if (input instanceof Uint8Array) return refuse("bad_request", `${what} must not be binary`);
  const parsed = schema.safeParse(input);
  if (parsed.success) return { ok: true, value: parsed.data };
  const [issue] = parsed.error.issues;
  const tooLarge = issue?.code === "custom" && issue.params?.code === "too_large";
  const member = issue?.path.join(".") || what;
  return refuse(tooLarge ? "too_large" : "bad_request", `${member} ${issue?.message}`);
}

/** A join with its defaults. */
type ParsedJoin = Required<Omit<JoinRequest, "metadata">> & Pick<JoinRequest, "metadata">;

/** Parses the argument of `join`. The name is trimmed, by default `""`. */
export function parseJoin(input: unknown): Parsed<ParsedJoin> {
  return read(join, "the argument of join", input);
}

/** Parses the argument of `resume`. */
export function parseResume(input: unknown): Parsed<ResumeRequest> {
  return read(resume, "the argument of resume", input);
}

/** Parses the argument of `set_metadata`. Metadata over 1 KiB of JSON is `too_large`. */
export function parseMetadata(input: unknown): Parsed<{ metadata: Metadata }> {
  return read(setMetadata, "the argument of set_metadata", input);
}

/** Parses the argument of `call_report`. */
export function parseCallReport(input: unknown): Parsed<AddressedCallReport> {
  return read(callReport, "the argument of call_report", input);
}

/** Parses an offer or an answer. An sdp over 96 KiB, or with more than 64 sections, is `too_large`. */
export function parseDescription(input: unknown): Parsed<Description> {
  return read(description, "the description", input, plainDescription(input));
}

/** Parses a candidate, or `null`, the end of candidates. One over 2 KiB is `too_large`. */
export function parseCandidate(input: unknown): Parsed<Candidate | null> {
  return read(candidate, "the candidate", input, plainCandidate(input));
}

/** Parses a list of 1 to 64 candidates. If one is refused, all are. */
export function parseCandidates(input: unknown): Parsed<(Candidate | null)[]> {
  return read(candidates, "the list", input, plainCandidates(input));
}

/** Parses the target of a message to the id of a peer; `undefined` is everyone else in the room. */
export function parseTarget(input: unknown): Parsed<string | undefined> {
  const plain = plainTarget(input);
  if (plain !== undefined) return { ok: true, value: plain };
  const parsed = read(target, "the target", input);
  return parsed.ok ? { ok: true, value: parsed.value?.to } : parsed;
}
