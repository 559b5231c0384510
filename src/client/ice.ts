/** Keeps TURN credentials good for as long as a call lasts. */

import type { IceServer } from "../protocol.ts";
import { abortable } from "./abortable.ts";
import type { SignalingClient } from "./signaling.ts";

/** No renewal sooner than that by itself, whatever the server's clock and ours say. */
const MIN_DELAY_MS = 30_000;

/** Asks for new ICE servers when four fifths of the old ones' time have passed. */
export class IceRenewal {
  private readonly signaling: SignalingClient;
  private readonly onRenewed: (iceServers: IceServer[]) => void;
  private readonly signal: AbortSignal;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private underWay: Promise<void> | undefined;

  /** @param signal ends it */
  constructor(
    signaling: SignalingClient,
    onRenewed: (iceServers: IceServer[]) => void,
    signal: AbortSignal,
  ) {
    this.signaling = signaling;
    this.onRenewed = onRenewed;
    this.signal = signal;
    signal.addEventListener("abort", () => clearTimeout(this.timer), { once: true });
  }

  /** Renews now, and from then on in time. Never rejects: what fails is tried again later. */
  renew(): Promise<void> {
    this.underWay ??= this.ask().finally(() => {
      this.underWay = undefined;
    });
    return this.underWay;
  }

  private async ask(): Promise<void> {
    clearTimeout(this.timer);
    let delayMs = MIN_DELAY_MS;
    try {
      const grant = await abortable(this.signaling.renewIceServers(), this.signal);
      this.onRenewed(grant.iceServers);
      delayMs = Math.max(delayMs, (grant.expiresAt * 1_000 - Date.now()) * 0.8);
    } catch {
      // Offline, or in no room any more.
    }
    if (!this.signal.aborted) this.timer = setTimeout(() => this.renew(), delayMs);
  }
}
