/** One RTCPeerConnection to one peer, with perfect negotiation. */

import type { Candidate, Description } from "../protocol/messages.ts";
import type { EarlyCandidates } from "./early-candidates.ts";
import { GatheredCandidates } from "./gathered-candidates.ts";
import type { Outbox } from "./outbox.ts";
import type { PacedQueue } from "./paced-queue.ts";

/** Options and callbacks of a link. */
export interface LinkOptions {
  configuration: () => RTCConfiguration;
  /** Whether this side gives way if both offer at once. Exactly one of the two must. */
  polite: boolean;
  sendDescription: (description: Description) => Promise<unknown>;
  sendCandidates: (candidates: (Candidate | null)[]) => Promise<unknown>;
  /** What must be done first, when another path is to be looked for. Never rejects. */
  beforeIceRestart: () => Promise<void>;
  /** Gets errors with this peer; the link stays open. */
  onError: (error: unknown) => void;
}

/** What all links of a mesh share. */
export interface LinkDeps {
  /** When an offer may be answered. */
  answers: PacedQueue;
  outbox: Outbox;
}

/** As much of a description costs as much as a candidate, as the server counts. */
const SDP_CHARS_PER_EVENT = 4_096;

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
  private readonly gathered = new GatheredCandidates((list) => this.sendCandidates(list));
  private readonly early: EarlyCandidates;
  private readonly deps: LinkDeps;
  /** The newest offer that isn't taken yet: the peer has given up those before. */
  private offered: Description | undefined;
  private isAnswering = false;
  /** Aborted when there is another description in the place of the one that is being sent. */
  private sending = new AbortController();

  /** Throws what RTCPeerConnection's constructor throws. */
  constructor(options: LinkOptions, early: EarlyCandidates, deps: LinkDeps) {
    this.options = options;
    this.early = early;
    this.deps = deps;
    this.connection = new RTCPeerConnection(options.configuration());
    const { connection } = this;
    const { signal } = this.closing;
    connection.addEventListener("negotiationneeded", () => this.attempt(() => this.offer()), {
      signal,
    });
    connection.addEventListener("icecandidate", ({ candidate }) => this.gathered.add(candidate), {
      signal,
    });
    connection.addEventListener(
      "connectionstatechange",
      () => connection.connectionState === "failed" && this.restartIce(),
      { signal },
    );
  }

  /** Takes an offer when its turn comes, or an answer now. Of offers that wait, the newest counts. */
  async receiveDescription(description: Description): Promise<void> {
    if (description.type !== "offer") return this.attempt(() => this.takeAnswer(description));
    if (!this.mayTakeOffer()) return;
    this.offered = description;
    if (!this.isAnswering) await this.answerInTurn();
  }

  private async answerInTurn(): Promise<void> {
    const { signal } = this.closing;
    this.isAnswering = true;
    while (this.offered && !signal.aborted) {
      await this.deps.answers.turn(signal);
      await this.attempt(() => this.takeOffer());
    }
    this.isAnswering = false;
  }

  /** An offer that crosses ours is taken by the polite side alone. */
  private mayTakeOffer(): boolean {
    const isReady =
      !this.makingOffer && (this.connection.signalingState === "stable" || this.settingAnswer);
    this.ignoringOffer = !this.options.polite && !isReady;
    return !this.ignoringOffer;
  }

  private async takeOffer(): Promise<void> {
    const offer = this.offered;
    this.offered = undefined;
    if (!offer || !this.mayTakeOffer()) return void this.early.take();
    this.sending.abort();
    await this.take(offer);
    await this.describe();
  }

  private async takeAnswer(answer: Description): Promise<void> {
    this.ignoringOffer = false;
    // To an offer that was rolled back meanwhile.
    if (this.connection.signalingState === "stable") return;
    // Who answers has given up what they offered before.
    if (this.offered) this.early.take();
    this.offered = undefined;
    this.settingAnswer = true;
    try {
      await this.take(answer);
    } finally {
      this.settingAnswer = false;
    }
  }

  private async take(description: Description): Promise<void> {
    await this.connection.setRemoteDescription(description);
    for (const candidate of this.early.take()) await this.addCandidate(candidate);
  }

  /** Handles a candidate from the peer; null ends them. One that arrives too early is kept. */
  async receiveCandidate(candidate: Candidate | null): Promise<void> {
    await this.attempt(async () => {
      if (this.offered) this.early.keep(candidate);
      else if (this.connection.remoteDescription) await this.addCandidate(candidate);
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
    this.gathered.send();
    await this.connection.setLocalDescription();
    const { type = "rollback", sdp = "" } = this.connection.localDescription ?? {};
    if (type === "rollback") return;
    if (type !== "offer") this.deps.answers.charge(Math.ceil(sdp.length / SDP_CHARS_PER_EVENT) - 1);
    this.sending.abort();
    this.sending = new AbortController();
    const signal = AbortSignal.any([this.closing.signal, this.sending.signal]);
    await this.deps.outbox.send(() => this.options.sendDescription({ type, sdp }), signal);
  }

  private sendCandidates(candidates: (Candidate | null)[]): void {
    this.deps.answers.charge(candidates.length);
    const send = () => this.options.sendCandidates(candidates);
    this.attempt(() => this.deps.outbox.send(send, this.closing.signal));
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
