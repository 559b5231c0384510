/** Checks against the server's size limits before sending: a hostile offer can make our answer too large. */

import { MAX_CANDIDATE_BYTES, MAX_SDP_BYTES, MAX_TOKEN_BYTES } from "../protocol/limits.ts";
import type { Candidate, Description } from "../protocol/messages.ts";
import { SignalingError } from "./errors.ts";

/** Bytes of JSON: the server's default MAX_MESSAGE_BYTES, minus 2 KiB for the event's name and target. */
const MAX_PAYLOAD_BYTES = 129_024;

const encoder = new TextEncoder();

/** Returns its size. @throws SignalingError `too_large` */
export function checkDescription(description: Description): number {
  check("sdp", description.sdp, MAX_SDP_BYTES);
  return check("the description", JSON.stringify(description), MAX_PAYLOAD_BYTES);
}

/** Returns their size together. @throws SignalingError `too_large` */
export function checkCandidates(candidates: readonly (Candidate | null)[]): number {
  for (const each of candidates) {
    check("candidate", each?.candidate, MAX_CANDIDATE_BYTES);
    check("sdpMid", each?.sdpMid, MAX_TOKEN_BYTES);
    check("usernameFragment", each?.usernameFragment, MAX_TOKEN_BYTES);
  }
  return check("the list", JSON.stringify(candidates), MAX_PAYLOAD_BYTES);
}

function check(what: string, text: string | null | undefined, maxBytes: number): number {
  const bytes = encoder.encode(text ?? "").length;
  if (bytes <= maxBytes) return bytes;
  throw new SignalingError("too_large", `${what} is over its limit of ${maxBytes} bytes`);
}
