/** One RTCPeerConnection to one peer, with perfect negotiation. */

import type { CallReport } from "../protocol/call-report.ts";
import type { Candidate, Description } from "../protocol/messages.ts";
import { CallObserver } from "./call-report.ts";
import type { EarlyCandidates } from "./early-candidates.ts";
import { GatheredCandidates } from "./gathered-candidates.ts";
import { type LinkDeps, OwnDescription } from "./own-description.ts";

/** Options and callbacks of a link. */
export interface LinkOptions {
  /** The peer's id. */
  to: string;
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
  private readonly own: OwnDescription;

  /** Throws what RTCPeerConnection's constructor throws. */
  constructor(options: LinkOptions, early: EarlyCandidates, deps: LinkDeps) {
    this.options = options;
    this.early = early;
    this.deps = deps;
    const connection = new RTCPeerConnection(options.configuration());
    this.connection = connection;
    const until = { signal: this.closing.signal };
    this.own = new OwnDescription(connection, deps, options.sendDescription, until.signal);
    const onNegotiationNeeded = () => this.attempt(() => this.offer());
    connection.addEventListener("negotiationneeded", onNegotiationNeeded, until);
    const onCandidate = ({ candidate }: RTCPeerConnectionIceEvent) => this.gathered.add(candidate);
    connection.addEventListener("icecandidate", onCandidate, until);
    const onState = () => connection.connectionState === "failed" && this.restartIce();
    connection.addEventListener("connectionstatechange", onState, until);
    const { reporter } = deps;
    if (reporter) {
      const tell = (report: CallReport) => reporter.reportCall(options.to, report);
      new CallObserver(connection, tell).follow(reporter, until.signal);
    }
  }

  /** Takes an offer when its turn comes, or an answer now. Of offers that wait, the newest counts. */
  async receiveDescription(description: Description): Promise<void> {
    if (description.type !== "offer") return this.attempt(() => this.takeAnswer(description));
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
    await this.take(offer);
    await this.describe();
    await this.own.send();
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

  /** Makes up for what may be lost on its way to or from the peer, by our offer again, or by another one. */
  async repair(): Promise<void> {
    // The loss was before it.
    if (await this.own.arrives()) return;
    const { signalingState, connectionState } = this.connection;
    if (signalingState === "have-local-offer") await this.attempt(() => this.own.send());
    else if (connectionState !== "connected") await this.restartIce();
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
    await this.own.send();
  }

  /** Creates an offer or an answer, depending on the signaling state. */
  private async describe(): Promise<void> {
    // They belong to the description before this one.
    this.gathered.send();
    await this.connection.setLocalDescription();
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
