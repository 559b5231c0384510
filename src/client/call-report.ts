/** What becomes of a connection, told to the server: that it has connected, or failed, and how it ended. */

import type { CallFailure, CallReport } from "../protocol/call-report.ts";
import { MAX_CALL_MS, MAX_RTT_MS } from "../protocol/limits.ts";
import { type CallStats, readCallStats } from "./call-stats.ts";
import type { SignalingClient } from "./signaling.ts";

/** What tells the server. */
export type CallReporter = Pick<SignalingClient, "reportCall" | "addEventListener">;

/** Without a path by then, a connection has failed so far, unless the browser is still trying paths. */
const PATIENCE_MS = 20_000;
/** One that is given up before then had no chance: nothing is told. */
const CHANCE_MS = 5_000;
/** Between two looks at a connection: when it is closed, its statistics are gone. */
const LOOK_MS = 10_000;
/** Until the next look where there was nothing to see yet. */
const LOOK_AGAIN_MS = 1_000;

/**
 * Tells of a connection with the peer `to`: once that it has connected, or that it has failed before it did, and once that it has ended.
 *
 * @param closing aborted before the connection is closed
 */
export function observeCall(
  connection: RTCPeerConnection,
  to: string,
  reporter: CallReporter,
  closing: AbortSignal,
): void {
  const tell = (report: CallReport) => reporter.reportCall(to, report);
  const madeAt = performance.now();
  let connectedAt: number | undefined;
  let latest: CallStats | undefined;
  let wasRefused = false;
  let hasFailed = false;
  let hasEnded = false;
  let timer = setTimeout(() => onOverdue(), PATIENCE_MS);

  const onState = () => {
    const { connectionState } = connection;
    if (connectionState === "failed") fail();
    if (connectionState !== "connected" || connectedAt !== undefined) return;
    connectedAt = performance.now();
    clearTimeout(timer);
    look(msSince(madeAt));
  };

  async function look(connectMs: number): Promise<void> {
    const stats = await readCallStats(connection).catch(() => undefined);
    if (hasEnded) return;
    if (stats && !latest) tell({ outcome: "connected", ms: connectMs, ...figuresOf(stats) });
    latest = stats ?? latest;
    timer = setTimeout(() => look(connectMs), latest ? LOOK_MS : LOOK_AGAIN_MS);
  }

  function onOverdue(): void {
    // The browser says when it has tried all paths.
    if (reasonOf(connection, wasRefused) !== "ice") fail();
  }

  function fail(): void {
    if (hasFailed || connectedAt !== undefined) return;
    hasFailed = true;
    const reason = reasonOf(connection, wasRefused);
    tell({ outcome: "failed", ms: msSince(madeAt), ...(reason && { reason }) });
  }

  const end = () => {
    if (hasEnded) return;
    hasEnded = true;
    clearTimeout(timer);
    if (latest && connectedAt !== undefined) {
      tell({ outcome: "ended", ms: msSince(connectedAt), ...figuresOf(latest) });
    } else if (msSince(madeAt) >= CHANCE_MS) {
      fail();
    }
  };

  const until = { signal: closing };
  connection.addEventListener("connectionstatechange", onState, until);
  const onRefusal = ({ errorCode }: RTCPeerConnectionIceErrorEvent) => {
    // Those of STUN (RFC 8489, 14.8); 701 is a server that can't be reached.
    if (errorCode >= 400 && errorCode < 600) wasRefused = true;
  };
  connection.addEventListener("icecandidateerror", onRefusal, until);
  closing.addEventListener("abort", end);
  reporter.addEventListener("pagehide", end, until);
}

/** Why there is no connection, as far as can be seen. */
function reasonOf(connection: RTCPeerConnection, wasRefused: boolean): CallFailure | undefined {
  const { localDescription, remoteDescription, iceConnectionState } = connection;
  if (!remoteDescription) return localDescription ? "no_answer" : undefined;
  if (iceConnectionState === "connected" || iceConnectionState === "completed") return "dtls";
  // Descriptions contain all candidates so far (RFC 8829, 3.5.2.1).
  if (wasRefused && !/ typ relay/.test(localDescription?.sdp ?? "")) return "relay_refused";
  return /^a=candidate:/m.test(remoteDescription.sdp) ? "ice" : "no_candidates";
}

function figuresOf({ path, rttMs, lostPercent }: CallStats) {
  return {
    path,
    ...(rttMs !== undefined && { rttMs: Math.min(rttMs, MAX_RTT_MS) }),
    ...(lostPercent !== undefined && { lostPercent }),
  };
}

const msSince = (start: number) => Math.min(Math.round(performance.now() - start), MAX_CALL_MS);
