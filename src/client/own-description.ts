/** Our description, on its way to a peer. */

import type { Description } from "../protocol/messages.ts";
import type { CallReporter } from "./call-report.ts";
import type { Outbox } from "./outbox.ts";
import type { PacedQueue } from "./paced-queue.ts";

/** What all links of a mesh share. */
export interface LinkDeps {
  /** When an offer may be answered. */
  answers: PacedQueue;
  outbox: Outbox;
  /** What tells the server how calls go; undefined if it isn't told. */
  reporter: CallReporter | undefined;
}

/** As much of a description costs as much as a candidate, as the server counts. */
const SDP_CHARS_PER_EVENT = 4_096;

/** Sends the local description of a connection; one before it that still waits to be sent is given up. */
export class OwnDescription {
  private readonly connection: RTCPeerConnection;
  private readonly deps: LinkDeps;
  private readonly sendOne: (description: Description) => Promise<unknown>;
  private readonly closing: AbortSignal;
  private newest = new AbortController();
  private underWay: Promise<void> | undefined;

  constructor(
    connection: RTCPeerConnection,
    deps: LinkDeps,
    sendOne: (description: Description) => Promise<unknown>,
    closing: AbortSignal,
  ) {
    this.connection = connection;
    this.deps = deps;
    this.sendOne = sendOne;
    this.closing = closing;
  }

  /** @throws what sending it throws */
  async send(): Promise<void> {
    const { type = "rollback", sdp = "" } = this.connection.localDescription ?? {};
    if (type === "rollback") return;
    const { answers, outbox } = this.deps;
    if (type !== "offer") answers.charge(Math.ceil(sdp.length / SDP_CHARS_PER_EVENT) - 1);
    this.newest.abort();
    this.newest = new AbortController();
    const signal = AbortSignal.any([this.closing, this.newest.signal]);
    const sent = outbox.send(() => this.sendOne({ type, sdp }), signal);
    this.underWay = sent;
    try {
      await sent;
    } finally {
      if (this.underWay === sent) this.underWay = undefined;
    }
  }

  /** Resolves with whether one is under way and arrives. */
  async arrives(): Promise<boolean> {
    const { underWay } = this;
    if (!underWay) return false;
    return underWay.then(
      () => true,
      () => false,
    );
  }
}
