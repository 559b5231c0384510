/**
 * Checks by hand of what is relayed, for a tenth of the time that zod takes. What doesn't pass isn't refused yet: zod
 * says whether it is, and why. What passes is a copy of the known members, the same as zod's.
 */

import {
  MAX_CANDIDATE_BYTES,
  MAX_CANDIDATES,
  MAX_SDP_BYTES,
  MAX_SDP_SECTIONS,
  MAX_TOKEN_BYTES,
} from "./limits.ts";
import type { Candidate, Description } from "./messages.ts";

const CR = 13;
const LF = 10;

/** Undefined if zod must look at it. */
export function plainDescription(input: unknown): Description | undefined {
  if (!isRecord(input)) return undefined;
  const { type, sdp } = input;
  if (type !== "offer" && type !== "answer" && type !== "pranswer") return undefined;
  return isText(sdp, MAX_SDP_BYTES) && hasFewSections(sdp) ? { type, sdp } : undefined;
}

/** Undefined if zod must look at it. */
export function plainCandidate(input: unknown): Candidate | null | undefined {
  if (input === null) return null;
  if (!isRecord(input)) return undefined;
  const { candidate, sdpMid, sdpMLineIndex, usernameFragment } = input;
  if (!isText(candidate, MAX_CANDIDATE_BYTES)) return undefined;
  const copy: Candidate = { candidate };
  if (sdpMid !== undefined) {
    if (sdpMid !== null && !isText(sdpMid, MAX_TOKEN_BYTES)) return undefined;
    copy.sdpMid = sdpMid;
  }
  if (sdpMLineIndex !== undefined) {
    if (sdpMLineIndex !== null && !isIndex(sdpMLineIndex)) return undefined;
    copy.sdpMLineIndex = sdpMLineIndex;
  }
  if (usernameFragment !== undefined) {
    if (usernameFragment !== null && !isText(usernameFragment, MAX_TOKEN_BYTES)) return undefined;
    copy.usernameFragment = usernameFragment;
  }
  return copy;
}

/** Undefined if zod must look at it. */
export function plainCandidates(input: unknown): (Candidate | null)[] | undefined {
  if (!Array.isArray(input) || input.length === 0 || input.length > MAX_CANDIDATES)
    return undefined;
  const copies: (Candidate | null)[] = [];
  for (const item of input) {
    const copy = plainCandidate(item);
    if (copy === undefined) return undefined;
    copies.push(copy);
  }
  return copies;
}

/** The id of a peer; undefined if zod must look at it. */
export function plainTarget(input: unknown): string | undefined {
  return isRecord(input) && typeof input["to"] === "string" ? input["to"] : undefined;
}

/** Whether an sdp has no more lines that begin with m= than it may. Receivers may end a line by CR, by LF or by both. */
export function hasFewSections(sdp: string): boolean {
  let sections = 0;
  for (let at = sdp.indexOf("m="); at !== -1; at = sdp.indexOf("m=", at + 2)) {
    const before = at === 0 ? LF : sdp.charCodeAt(at - 1);
    if (before !== LF && before !== CR) continue;
    sections++;
    if (sections > MAX_SDP_SECTIONS) return false;
  }
  return true;
}

function isRecord(input: unknown): input is Record<string, unknown> {
  return typeof input === "object" && input !== null;
}

function isText(input: unknown, maxBytes: number): input is string {
  return typeof input === "string" && Buffer.byteLength(input) <= maxBytes;
}

function isIndex(input: unknown): input is number {
  return Number.isInteger(input) && Number(input) >= 0 && Number(input) <= 65_535;
}
