/** Candidates that arrive before the description they belong to. */

import type { Candidate } from "../protocol/messages.ts";

/** Many times what a browser sends. Without a limit, a peer that never offers could fill the memory. */
const MAX_EARLY_CANDIDATES = 256;

/** Keeps the first 256, in order. */
export class EarlyCandidates {
  private kept: (Candidate | null)[] = [];

  keep(candidate: Candidate | null): void {
    if (this.kept.length < MAX_EARLY_CANDIDATES) this.kept.push(candidate);
  }

  /** Returns and removes them. */
  take(): (Candidate | null)[] {
    return this.kept.splice(0);
  }
}
