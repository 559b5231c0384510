/** What a browser knows of a connection, from `getStats` (W3C webrtc-stats). */

import type { CallPath } from "../protocol/call-report.ts";

/** The candidate pair that a connection uses, and how well. */
export interface CallStats {
  /** The way that packets take from this end. */
  path: CallPath;
  /** The type of the other end's candidate. "prflx" alone says little: browsers hide addresses in a local network. */
  remoteType: string | undefined;
  /** The latest round trip, in milliseconds. */
  rttMs?: number;
  /** How much of the audio and video that was sent to this end is lost so far, 0 to 100. */
  lostPercent?: number;
  /** The pair itself, with what it has carried so far. */
  pair: { id: string; timestamp: number; bytesReceived?: number; bytesSent?: number };
}

/** The members of RTCStats that are used here. */
interface Stats {
  id: string;
  type: string;
  timestamp: number;
  state?: string;
  nominated?: boolean;
  selectedCandidatePairId?: string;
  localCandidateId?: string;
  remoteCandidateId?: string;
  candidateType?: string;
  relayProtocol?: string;
  currentRoundTripTime?: number;
  roundTripTime?: number;
  bytesReceived?: number;
  bytesSent?: number;
  packetsReceived?: number;
  packetsLost?: number;
}

/**
 * Reads what is known of a connection; undefined while there is no path. Firefox rejects when the connection is closed
 * meanwhile.
 */
export async function readCallStats(connection: RTCPeerConnection): Promise<CallStats | undefined> {
  const all: Stats[] = [...(await connection.getStats()).values()];
  const pair = selectedPair(all);
  if (!pair) return undefined;
  const remoteType = all.find(({ id }) => id === pair.remoteCandidateId)?.candidateType;
  const path = pathOf(
    all.find(({ id }) => id === pair.localCandidateId),
    remoteType,
  );
  return { path, remoteType, ...roundTripOf(all, pair), ...lossOf(all), pair };
}

/** Chromium has the selected pair's id in the transport's stats; older Firefoxes have only `nominated`. */
function selectedPair(all: Stats[]): Stats | undefined {
  const transport = all.find(({ selectedCandidatePairId }) => selectedCandidatePairId);
  if (transport) return all.find(({ id }) => id === transport.selectedCandidatePairId);
  return all.find(
    ({ type, state, nominated }) => type === "candidate-pair" && state === "succeeded" && nominated,
  );
}

function pathOf(local: Stats | undefined, remoteType: string | undefined): CallPath {
  const { candidateType, relayProtocol } = local ?? {};
  if (candidateType === "relay" || remoteType === "relay") {
    const isOurs = candidateType === "relay";
    if (isOurs && relayProtocol === "tls") return "relay/tls";
    return isOurs && relayProtocol === "tcp" ? "relay/tcp" : "relay/udp";
  }
  return candidateType === "srflx" || candidateType === "prflx" ? candidateType : "host";
}

function roundTripOf(all: Stats[], pair: Stats): Pick<CallStats, "rttMs"> {
  // Firefox has the round trip only in the stats of RTCP.
  const seconds =
    pair.currentRoundTripTime ?? all.find(({ roundTripTime }) => roundTripTime)?.roundTripTime;
  return seconds === undefined ? {} : { rttMs: seconds * 1_000 };
}

function lossOf(all: Stats[]): Pick<CallStats, "lostPercent"> {
  let lost = 0;
  let received = 0;
  for (const { type, packetsLost = 0, packetsReceived = 0 } of all) {
    if (type !== "inbound-rtp") continue;
    // Duplicates make it negative (RFC 3550, 6.4.1).
    lost += Math.max(0, packetsLost);
    received += packetsReceived;
  }
  return lost + received > 0 ? { lostPercent: (100 * lost) / (lost + received) } : {};
}
