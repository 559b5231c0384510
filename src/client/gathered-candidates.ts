/** Our own candidates, several of them in one message. */

import { MAX_CANDIDATES } from "../protocol/limits.ts";
import type { Candidate } from "../protocol/messages.ts";

/**
 * For how long a candidate waits for others to travel with. A browser finds those of one kind within
 * a millisecond; together they are one message to read, check and pass on.
 */
const GATHER_MS = 10;

/** Collects candidates as they are found, and sends them in lists of 64 at most. */
export class GatheredCandidates {
  private readonly waiting: (Candidate | null)[] = [];
  private readonly sendList: (candidates: (Candidate | null)[]) => void;

  constructor(sendList: (candidates: (Candidate | null)[]) => void) {
    this.sendList = sendList;
  }

  add(candidate: RTCIceCandidate | null): void {
    // Firefox says "no more" twice, with "" for each generation and with null; null alone will do.
    if (candidate?.candidate === "") return;
    this.waiting.push(candidate && toInit(candidate));
    if (candidate === null) this.send();
    else if (this.waiting.length === 1) setTimeout(() => this.send(), GATHER_MS);
  }

  /** Sends those that wait now. */
  send(): void {
    while (this.waiting.length > 0) this.sendList(this.waiting.splice(0, MAX_CANDIDATES));
  }
}

function toInit({
  candidate,
  sdpMid,
  sdpMLineIndex,
  usernameFragment,
}: RTCIceCandidate): Candidate {
  return { candidate, sdpMid, sdpMLineIndex, usernameFragment };
}
