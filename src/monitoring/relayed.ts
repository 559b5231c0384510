/** What is noted of a message that was relayed: never what it says. */

import type { Candidate, Description } from "../protocol/messages.ts";
import type { Step } from "./timeline.ts";

/** What is relayed. */
export type Payload = Description | Candidate | null | (Candidate | null)[];

/** A message that was relayed. */
export interface RelayedMessage {
  readonly event: string;
  readonly from: string;
  /** Undefined: all others. */
  readonly to: string | undefined;
  /** What was sent on; undefined if ICE_TRANSPORT_POLICY let nothing pass. */
  readonly payload: Payload | undefined;
  /** The number of peers that it was sent to. */
  readonly delivered: number;
}

/** The step of a timeline. */
export function relayStep(at: number, message: RelayedMessage): Step {
  const { event, from, to, payload, delivered } = message;
  return {
    at,
    event,
    from,
    to,
    bytes: payload === undefined ? undefined : bytesOf(payload),
    candidates: candidatesIn(payload),
    delivered,
    outcome: payload === undefined ? "screened" : "ok",
  };
}

/** The bytes of a description, a candidate, or a list of candidates. */
function bytesOf(payload: Payload): number {
  if (payload === null) return 0;
  if (Array.isArray(payload)) return payload.reduce((sum, item) => sum + bytesOf(item), 0);
  return Buffer.byteLength("sdp" in payload ? payload.sdp : payload.candidate);
}

function candidatesIn(payload: Payload | undefined): number | undefined {
  if (Array.isArray(payload)) return payload.length;
  return payload === undefined || (payload && "sdp" in payload) ? undefined : 1;
}
