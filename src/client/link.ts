/** One RTCPeerConnection to one peer, with perfect negotiation. */

import { MAX_CANDIDATES } from "../protocol/limits.ts";
import type { Candidate, Description } from "../protocol/messages.ts";
import type { EarlyCandidates } from "./early-candidates.ts";

/** Options and callbacks of a link. */
export interface LinkOptions {
  configuration: () => RTCConfiguration;
  /** Whether this side gives way if both offer at once. Exactly one of the two must. */
  polite: boolean;
  sendDescription: (description: Description) => Promise<unknown>;
  sendCandidates: (candidates: (Candidate | null)[]) => void;
  /** What must be done first, when another path is to be looked for. Never rejects. */
  beforeIceRestart: () => Promise<void>;
  /** Gets errors with this peer; the link stays open. */
  onError: (error: unknown) => void;
}

/**
 * For how long a candidate waits for others to travel with. A browser finds those of one kind within
 * a millisecond; together they are one message to read, check and pass on.
 */
const GATHER_MS = 10;

/**
 * Perfect negotiation (W3C webrtc-pc, 10.7): either side may change tracks at any time. An offer that
 * crosses ours is ignored by the impolite side, and taken by the polite one, whose own is rolled back.
 */
export class Link {
  readonly connection: RTCPeerConnection;
  private readonly options: LinkOptions;
  private readonly closing = new AbortController();
  private makingOffer = false;
  private settingAnswer = false;
  private ignoringOffer = false;
  /** Our candidates that are still to be sent. */
  private readonly gathered: (Candidate | null)[] = [];
  private readonly early: EarlyCandidates;

  /** Throws what RTCPeerConnection's constructor throws. */
  constructor(options: LinkOptions, early: EarlyCandidates) {
    this.options = options;
    this.early = early;
    this.connection = new RTCPeerConnection(options.configuration());
    const { connection } = this;
    const { signal } = this.closing;
    connection.addEventListener("negotiationneeded", () => this.attempt(() => this.offer()), {
      signal,
    });
    connection.addEventListener("icecandidate", ({ candidate }) => this.gather(candidate), {
      signal,
    });
    connection.addEventListener(
      "connectionstatechange",
      () => connection.connectionState === "failed" && this.restartIce(),
      { signal },
    );
  }

  /** Takes an offer or an answer of the peer, in the order they came. */
  async receiveDescription(description: Description): Promise<void> {
    await this.attempt(async () => {
      const { connection } = this;
      const isOffer = description.type === "offer";
      const mayTakeOffer =
        !this.makingOffer && (connection.signalingState === "stable" || this.settingAnswer);
      this.ignoringOffer = isOffer && !this.options.polite && !mayTakeOffer;
      if (this.ignoringOffer) return;
      // An answer to an offer that was rolled back meanwhile.
      if (!isOffer && connection.signalingState === "stable") return;
      this.settingAnswer = !isOffer;
      try {
        await connection.setRemoteDescription(description);
      } finally {
        this.settingAnswer = false;
      }
      for (const candidate of this.early.take()) await this.addCandidate(candidate);
      if (isOffer) await this.describe();
    });
  }

  /** Handles a candidate from the peer; null ends them. One that arrives too early is kept. */
  async receiveCandidate(candidate: Candidate | null): Promise<void> {
    await this.attempt(async () => {
      if (this.connection.remoteDescription) await this.addCandidate(candidate);
      else if (!this.ignoringOffer) this.early.keep(candidate);
    });
  }

  /** Restarts ICE, after the network has changed or the connection has failed. */
  async restartIce(): Promise<void> {
    // Before the first description there is nothing to restart.
    if (!this.connection.remoteDescription) return;
    await this.options.beforeIceRestart();
    if (!this.closing.signal.aborted) this.connection.restartIce();
  }

  /** Closes the connection, and removes the listeners. */
  close(): void {
    this.closing.abort();
    this.connection.close();
  }

  private async offer(): Promise<void> {
    this.makingOffer = true;
    try {
      await this.describe();
    } finally {
      this.makingOffer = false;
    }
  }

  /** Creates and sends an offer or an answer, depending on the signaling state. */
  private async describe(): Promise<void> {
    // They belong to the description before this one.
    this.sendGathered();
    await this.connection.setLocalDescription();
    const description = this.connection.localDescription;
    if (!description || description.type === "rollback") return;
    await this.options.sendDescription({ type: description.type, sdp: description.sdp });
  }

  private gather(candidate: RTCIceCandidate | null): void {
    // Firefox says "no more" twice, with "" for each generation and with null; null alone will do.
    if (candidate?.candidate === "") return;
    this.gathered.push(candidate && toInit(candidate));
    if (candidate === null) this.sendGathered();
    else if (this.gathered.length === 1) setTimeout(() => this.sendGathered(), GATHER_MS);
  }

  private sendGathered(): void {
    while (this.gathered.length > 0) {
      const candidates = this.gathered.splice(0, MAX_CANDIDATES);
      this.attempt(async () => this.options.sendCandidates(candidates));
    }
  }

  private async addCandidate(candidate: Candidate | null): Promise<void> {
    try {
      await this.connection.addIceCandidate(candidate);
    } catch (error) {
      // Candidates of an ignored offer fit no description.
      if (!this.ignoringOffer) throw error;
    }
  }

  /** Runs a step, and reports its error unless the link is closed. */
  private async attempt(step: () => Promise<unknown>): Promise<void> {
    if (this.closing.signal.aborted) return;
    try {
      await step();
    } catch (error) {
      if (!this.closing.signal.aborted) this.options.onError(error);
    }
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
