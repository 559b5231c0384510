/** What becomes of a request for a seat. */

import type { ClaimOutcome, JoinOutcome } from "../registry.ts";

/** What becomes of a request for a seat. */
export type Answer =
  | Extract<JoinOutcome, { ok: true }>
  | Extract<JoinOutcome | ClaimOutcome, { ok: false }>;

export const UNAVAILABLE = { ok: false, code: "unavailable" } as const;

const CODES = ["room_full", "room_closed", "not_in_room", "seated_here", "resume_failed"] as const;

/** The answer for a code that a script gives. */
export function refusal(code: string): Answer {
  const known = CODES.find((one) => one === code);
  return known ? { ok: false, code: known } : UNAVAILABLE;
}
