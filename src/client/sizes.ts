/** Checks against the server's size limits before sending: a hostile offer can make our answer too large. */

import { MAX_CANDIDATE_BYTES, MAX_SDP_BYTES, MAX_TOKEN_BYTES } from "../protocol/limits.ts";
import type { Candidate, Description } from "../protocol/messages.ts";
import { SignalingError } from "./errors.ts";

/** Bytes of JSON: the server's default MAX_MESSAGE_BYTES, minus 2 KiB for the event's name and target. */
const MAX_PAYLOAD_BYTES = 129_024;

const encoder = new TextEncoder();

/** @throws SignalingError `too_large` */
export function checkDescription(description: Description): void {
  check("sdp", description.sdp, MAX_SDP_BYTES);
  check("the description", JSON.stringify(description), MAX_PAYLOAD_BYTES);
}

/** @throws SignalingError `too_large` */
export function checkCandidates(candidates: readonly (Candidate | null)[]): void {
  for (const each of candidates) {
    check("candidate", each?.candidate, MAX_CANDIDATE_BYTES);
    check("sdpMid", each?.sdpMid, MAX_TOKEN_BYTES);
    check("usernameFragment", each?.usernameFragment, MAX_TOKEN_BYTES);
  }
  check("the list", JSON.stringify(candidates), MAX_PAYLOAD_BYTES);
}

function check(what: string, text: string | null | undefined, maxBytes: number): void {
  if (encoder.encode(text ?? "").length <= maxBytes) return;
  throw new SignalingError("too_large", `${what} is over its limit of ${maxBytes} bytes`);
}
