/** How peers are reached, with TURN credentials that stay good for as long as a call lasts. */

import type { IceServer, Joined } from "../protocol/messages.ts";
import { abortable } from "./abortable.ts";
import type { SignalingClient } from "./signaling.ts";

/** No renewal sooner than that by itself, whatever the server's clock and ours say. */
const MIN_DELAY_MS = 30_000;
/** The most that setTimeout takes; with more it fires at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

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
      const leftMs = grant.expiresAt * 1_000 - Date.now();
      delayMs = Math.min(Math.max(delayMs, leftMs * 0.8), MAX_DELAY_MS);
    } catch {
      // Offline, or in no room any more.
    }
    if (!this.signal.aborted) this.timer = setTimeout(() => this.renew(), delayMs);
  }
}

/** What each RTCPeerConnection is made with: what the server says, and the application over it. */
export class IceSettings {
  private readonly own: RTCConfiguration;
  private readonly renewal: IceRenewal;
  private fromServer: Pick<Joined, "iceServers" | "iceTransportPolicy"> = {
    iceServers: [],
    iceTransportPolicy: "all",
  };

  /**
   * @param own what the application has set
   * @param onRenewed gets the configuration with new servers
   * @param signal ends the renewing
   */
  constructor(
    signaling: SignalingClient,
    own: RTCConfiguration | undefined,
    onRenewed: (configuration: RTCConfiguration) => void,
    signal: AbortSignal,
  ) {
    this.own = own ?? {};
    const use = (iceServers: IceServer[]) => {
      this.fromServer = { ...this.fromServer, iceServers };
      onRenewed(this.configuration);
    };
    this.renewal = new IceRenewal(signaling, use, signal);
  }

  get configuration(): RTCConfiguration {
    return { ...this.fromServer, ...this.own };
  }

  /** Takes what came with a join. */
  take({ iceServers, iceTransportPolicy }: Joined): void {
    this.fromServer = { iceServers, iceTransportPolicy };
  }

  /** Credentials expire; servers without, and those that the application has set, are left alone. */
  async renew(): Promise<void> {
    const expire = this.fromServer.iceServers.some(({ credential }) => credential);
    if (!this.own.iceServers && expire) await this.renewal.renew();
  }
}
