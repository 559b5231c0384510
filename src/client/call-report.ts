/** What becomes of a connection, told to the server: that it has connected, or failed, and how it has ended. */

import type { CallFailure, CallReport } from "../protocol/call-report.ts";
import { MAX_CALL_MS, MAX_RTT_MS } from "../protocol/limits.ts";
import { type CallStats, readCallStats } from "./call-stats.ts";
import type { SignalingClient } from "./signaling.ts";

/** What tells the server. */
export type CallReporter = Pick<SignalingClient, "reportCall" | "addEventListener">;

/** A connection that isn't up by then has failed so far, unless the browser is still trying paths. */
const PATIENCE_MS = 20_000;
/** One that is closed before then, and wasn't up, had no chance: nothing is told. */
const CHANCE_MS = 5_000;
/** Between two readings of statistics, which are gone when the connection is closed. */
const READ_MS = 10_000;
/** The same, as long as there are none. */
const FIRST_READ_MS = 1_000;

/**
 * Tells of one connection, each at most once: that it has connected; that it hasn't, though it may later; and that it
 * has ended, if it had connected.
 */
export class CallObserver {
  private readonly connection: RTCPeerConnection;
  private readonly tell: (report: CallReport) => void;
  private readonly madeAt = performance.now();
  private connectedAt: number | undefined;
  /** The latest statistics. */
  private latest: CallStats | undefined;
  /** Whether a TURN server has refused us. */
  private wasRefused = false;
  private hasFailed = false;
  private hasEnded = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(connection: RTCPeerConnection, tell: (report: CallReport) => void) {
    this.connection = connection;
    this.tell = tell;
  }

  /** @param closing aborted before the connection is closed */
  follow(reporter: CallReporter, closing: AbortSignal): void {
    const { connection } = this;
    const until = { signal: closing };
    connection.addEventListener("connectionstatechange", () => this.onState(), until);
    const onRefusal = ({ errorCode }: RTCPeerConnectionIceErrorEvent) => {
      // Error codes of STUN (RFC 8489, 14.8). 701 is a server that can't be reached.
      if (errorCode >= 400 && errorCode < 600) this.wasRefused = true;
    };
    connection.addEventListener("icecandidateerror", onRefusal, until);
    reporter.addEventListener("pagehide", () => this.end(), until);
    closing.addEventListener("abort", () => this.end());
    this.timer = setTimeout(() => {
      // The browser says when it has tried all paths; without any, it says nothing.
      if (this.reason !== "ice" || connection.iceConnectionState !== "checking") this.fail();
    }, PATIENCE_MS);
  }

  private onState(): void {
    const { connectionState } = this.connection;
    if (connectionState === "failed") this.fail();
    if (connectionState !== "connected" || this.connectedAt !== undefined) return;
    this.connectedAt = performance.now();
    clearTimeout(this.timer);
    this.read(msSince(this.madeAt));
  }

  /** Reads the statistics, now and from time to time. With the first ones it tells that it has connected. */
  private async read(connectMs: number): Promise<void> {
    const stats = await readCallStats(this.connection).catch(() => undefined);
    if (this.hasEnded) return;
    if (stats && !this.latest) {
      this.tell({ outcome: "connected", ms: connectMs, ...figuresOf(stats) });
    }
    this.latest = stats ?? this.latest;
    this.timer = setTimeout(() => this.read(connectMs), this.latest ? READ_MS : FIRST_READ_MS);
  }

  private fail(): void {
    if (this.hasFailed || this.connectedAt !== undefined) return;
    this.hasFailed = true;
    const { reason } = this;
    this.tell({ outcome: "failed", ms: msSince(this.madeAt), ...(reason && { reason }) });
  }

  private end(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    clearTimeout(this.timer);
    const { latest, connectedAt } = this;
    if (latest && connectedAt !== undefined) {
      this.tell({ outcome: "ended", ms: msSince(connectedAt), ...figuresOf(latest) });
    } else if (msSince(this.madeAt) >= CHANCE_MS) {
      this.fail();
    }
  }

  /** Why it isn't up, as far as can be seen. */
  private get reason(): CallFailure | undefined {
    const { localDescription, remoteDescription, iceConnectionState } = this.connection;
    if (!remoteDescription) return localDescription ? "no_answer" : undefined;
    if (iceConnectionState === "connected" || iceConnectionState === "completed") return "dtls";
    // Descriptions contain the candidates so far (W3C webrtc-pc, 4.4.2).
    const hasRelay = / typ relay/.test(localDescription?.sdp ?? "");
    if (this.wasRefused && !hasRelay) return "relay_refused";
    return /^a=candidate:/m.test(remoteDescription.sdp) ? "ice" : "no_candidates";
  }
}

function figuresOf({ path, rttMs, lostPercent }: CallStats) {
  return {
    path,
    ...(rttMs !== undefined && { rttMs: Math.min(rttMs, MAX_RTT_MS) }),
    ...(lostPercent !== undefined && { lostPercent }),
  };
}

function msSince(start: number): number {
  return Math.min(Math.round(performance.now() - start), MAX_CALL_MS);
}
