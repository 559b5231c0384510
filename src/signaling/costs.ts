/** What events cost of a connection's allowance. */

/** Events that cost more than 1. */
const COSTS = new Map([
  ["join", 10],
  ["resume", 10],
  ["refresh_token", 10],
]);
/** Bytes of an sdp that cost 1. */
const SDP_BYTES_PER_EVENT = 4_096;

/**
 * The cost of an event: 1 for each candidate of a list, a description by its size, so that a sender can't
 * fill a receiver's queue with large ones.
 */
export function costOf(event: string, [payload]: unknown[]): number {
  const cost = COSTS.get(event) ?? 1;
  if (event === "candidates" && Array.isArray(payload)) {
    return Math.max(cost, payload.length);
  }
  // A join may have an sdp too, and become no cheaper by it.
  if (payload instanceof Object && "sdp" in payload && typeof payload.sdp === "string") {
    return Math.max(cost, Math.ceil((1 + Buffer.byteLength(payload.sdp)) / SDP_BYTES_PER_EVENT));
  }
  return cost;
}
