/** How a connection does, out of what `getStats` tells (W3C webrtc-stats). */

import type { Mesh, MeshPeer } from "../../client/index.ts";

const INTERVAL_MS = 2_000;

/** What is known of a connection; what is not known yet is left out. */
export interface Facts {
  /** What the packets go through: nothing, the address translation of a router, or a relay. */
  path?: "direct" | "reflexive" | "relayed";
  roundTripMs?: number;
  receivedBitsPerSecond?: number;
  sentBitsPerSecond?: number;
}

/** The members of RTCStats that are looked at here. */
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
  currentRoundTripTime?: number;
  roundTripTime?: number;
  bytesReceived?: number;
  bytesSent?: number;
}

/** Reads how each connection of a mesh does, again and again, until `signal` is aborted. */
export function watchConnections(
  mesh: Mesh,
  show: (peer: MeshPeer, facts: Facts) => void,
  signal: AbortSignal,
): void {
  const readers = new WeakMap<RTCPeerConnection, ReturnType<typeof createFactsReader>>();
  const timer = setInterval(() => {
    for (const peer of mesh.peers) {
      const { connection } = peer;
      if (!connection) continue;
      const read = readers.get(connection) ?? createFactsReader(connection);
      readers.set(connection, read);
      // Firefox rejects when the connection is closed meanwhile.
      read().then(
        (facts) => show(peer, facts),
        () => {},
      );
    }
  }, INTERVAL_MS);
  signal.addEventListener("abort", () => clearInterval(timer));
}

/** Creates a reader of a connection's facts; its bit rates are those since the reading before. */
export function createFactsReader(connection: RTCPeerConnection): () => Promise<Facts> {
  let before: Stats | undefined;
  return async () => {
    const all: Stats[] = [...(await connection.getStats()).values()];
    const pair = selectedPair(all);
    if (!pair) return {};
    const facts = { ...pathOf(all, pair), ...roundTripOf(all, pair), ...ratesOf(pair, before) };
    before = pair;
    return facts;
  };
}

/** Chromium names the pair in its transport; Firefox has none and nominates it. */
function selectedPair(all: Stats[]): Stats | undefined {
  const transport = all.find(({ selectedCandidatePairId }) => selectedCandidatePairId);
  if (transport) return all.find(({ id }) => id === transport.selectedCandidatePairId);
  return all.find(
    ({ type, state, nominated }) => type === "candidate-pair" && state === "succeeded" && nominated,
  );
}

function pathOf(all: Stats[], pair: Stats): Pick<Facts, "path"> {
  const typeOf = (id?: string) => all.find((stats) => stats.id === id)?.candidateType;
  const [local, remote] = [typeOf(pair.localCandidateId), typeOf(pair.remoteCandidateId)];
  if (local === "relay" || remote === "relay") return { path: "relayed" };
  // A remote "prflx" alone says nothing: on one's own network, too, browsers hide their addresses.
  const isReflexive = local === "srflx" || local === "prflx" || remote === "srflx";
  return { path: isReflexive ? "reflexive" : "direct" };
}

function roundTripOf(all: Stats[], pair: Stats): Pick<Facts, "roundTripMs"> {
  // Firefox measures by RTCP alone.
  const seconds =
    pair.currentRoundTripTime ?? all.find(({ roundTripTime }) => roundTripTime)?.roundTripTime;
  return seconds === undefined ? {} : { roundTripMs: seconds * 1_000 };
}

function ratesOf(pair: Stats, before: Stats | undefined): Partial<Facts> {
  if (before?.id !== pair.id) return {};
  const seconds = (pair.timestamp - before.timestamp) / 1_000;
  const rate = (now = 0, then = 0) => Math.max(0, ((now - then) * 8) / seconds);
  return {
    receivedBitsPerSecond: rate(pair.bytesReceived, before.bytesReceived),
    sentBitsPerSecond: rate(pair.bytesSent, before.bytesSent),
  };
}
