/** The configuration of RTCPeerConnections, and the renewal of TURN credentials during a call. */

import type { IceServer, Joined } from "../protocol/messages.ts";
import { abortable } from "./abortable.ts";
import type { SignalingClient } from "./signaling.ts";

/** Least time between scheduled renewals, even if the server's clock and ours differ. */
const MIN_DELAY_MS = 30_000;
/** The largest delay of setTimeout; with a larger one it fires at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Renews the ICE servers after 80 % of their lifetime. */
export class IceRenewal {
  private readonly signaling: SignalingClient;
  private readonly onRenewed: (iceServers: IceServer[]) => void;
  private readonly signal: AbortSignal;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private underWay: Promise<void> | undefined;

  /** @param signal stops the renewals */
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

  /** Renews now and schedules the next renewal. Never rejects; a failure is retried later. */
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
      // Disconnected, or no longer in a room.
    }
    if (!this.signal.aborted) this.timer = setTimeout(() => this.renew(), delayMs);
  }
}

/** The configuration of each RTCPeerConnection: the server's, overridden by the application's. */
export class IceSettings {
  private readonly own: RTCConfiguration;
  private readonly renewal: IceRenewal;
  private fromServer: Pick<Joined, "iceServers" | "iceTransportPolicy"> = {
    iceServers: [],
    iceTransportPolicy: "all",
  };

  /**
   * @param own the application's configuration
   * @param onRenewed gets the configuration with the new servers
   * @param signal stops the renewals
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

  /** Uses the settings in the answer to a join. */
  take({ iceServers, iceTransportPolicy }: Joined): void {
    this.fromServer = { iceServers, iceTransportPolicy };
  }

  /** Renews the servers if they have credentials, unless the application has set its own. */
  async renew(): Promise<void> {
    const expire = this.fromServer.iceServers.some(({ credential }) => credential);
    if (!this.own.iceServers && expire) await this.renewal.renew();
  }
}
