/** Candidates that came before the description they belong to. */

import type { Candidate } from "../protocol/messages.ts";

/** Many times what a browser finds; a peer that never offers could send them without end. */
const MAX_EARLY_CANDIDATES = 256;

/** Keeps the first 256, in the order they came. */
export class EarlyCandidates {
  private kept: (Candidate | null)[] = [];

  keep(candidate: Candidate | null): void {
    if (this.kept.length < MAX_EARLY_CANDIDATES) this.kept.push(candidate);
  }

  /** Hands them over, and keeps none. */
  take(): (Candidate | null)[] {
    return this.kept.splice(0);
  }
}
