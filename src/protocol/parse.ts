/**
 * From `unknown` to typed: the one place where a client's input is read.
 * What is handed on is a copy, member by member, so nothing unknown or deep travels further.
 */

import { z } from "zod";
import {
  MAX_CANDIDATE_BYTES,
  MAX_CANDIDATES,
  MAX_SDP_BYTES,
  MAX_SDP_SECTIONS,
  MAX_TOKEN_BYTES,
} from "./limits.ts";
import type { Candidate, Description, ErrorCode, JoinRequest, Refused } from "./messages.ts";
import { name, room } from "./names.ts";

/** A payload that was understood, or the refusal to answer with. */
export type Parsed<T> = { ok: true; value: T } | Refused;

/** Makes the refusal of an event. */
export function refuse(code: ErrorCode, message: string): Refused {
  return { ok: false, error: { code, message } };
}

/** A string of at most `maxBytes` bytes of UTF-8; a longer one is `too_large`. */
const text = (maxBytes: number) =>
  z.string({ error: "must be a string" }).refine((s) => Buffer.byteLength(s) <= maxBytes, {
    error: `is over its limit of ${maxBytes} bytes`,
    params: { code: "too_large" satisfies ErrorCode },
  });

const join = z.object(
  {
    room,
    name: name.default(""),
    candidateLists: z.boolean({ error: "must be true or false" }).default(false),
  },
  { error: "must be an object { room, name?, candidateLists? }" },
);

const description = z.object(
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

const candidate = z
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

const candidates = z
  .array(candidate, { error: "must be a list of candidates" })
  .min(1, { error: "must not be empty" })
  .max(MAX_CANDIDATES, { error: `must be at most ${MAX_CANDIDATES}` });

const target = z
  .object(
    { to: z.string({ error: "must be the id of a peer" }).optional() },
    { error: "must be an object { to? }" },
  )
  // An argument left undefined before a callback arrives as null.
  .nullish();

function hasFewSections(sdp: string): boolean {
  let sections = 0;
  // A receiver might end a line at any of these.
  for (const _ of sdp.matchAll(/(?:^|[\r\n])m=/g)) if (++sections > MAX_SDP_SECTIONS) return false;
  return true;
}

/** Reads with `schema`; a refusal names the member at fault, or `what` when it is all of it. */
function read<T>(schema: z.ZodType<T>, what: string, input: unknown): Parsed<T> {
  // Socket.IO hands an attachment over as a Buffer, which would pass for an object without members.
  if (input instanceof Uint8Array) return refuse("bad_request", `${what} must not be binary`);
  const parsed = schema.safeParse(input);
  if (parsed.success) return { ok: true, value: parsed.data };
  const [issue] = parsed.error.issues;
  const tooLarge = issue?.code === "custom" && issue.params?.code === "too_large";
  const member = issue?.path.join(".") || what;
  return refuse(tooLarge ? "too_large" : "bad_request", `${member} ${issue?.message}`);
}

/** Reads what `join` takes. The name is trimmed; left out, it is `""`. */
export function parseJoin(input: unknown): Parsed<Required<JoinRequest>> {
  return read(join, "the argument of join", input);
}

/** Reads an offer or an answer. Refuses an sdp over 96 KiB, or of more than 64 sections, as `too_large`. */
export function parseDescription(input: unknown): Parsed<Description> {
  return read(description, "the description", input);
}

/** Reads a candidate, or `null` for the end of them. Refuses one over 2 KiB as `too_large`. */
export function parseCandidate(input: unknown): Parsed<Candidate | null> {
  return read(candidate, "the candidate", input);
}

/** Reads a list of 1 to 64 candidates. One that is refused has all of them refused. */
export function parseCandidates(input: unknown): Parsed<(Candidate | null)[]> {
  return read(candidates, "the list", input);
}

/** Reads the id of the peer a message is for; `undefined` means everyone else in the room. */
export function parseTarget(input: unknown): Parsed<string | undefined> {
  const parsed = read(target, "the target", input);
  return parsed.ok ? { ok: true, value: parsed.value?.to } : parsed;
}
