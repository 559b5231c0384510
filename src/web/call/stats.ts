/** Facts about a connection, from `getStats` (W3C webrtc-stats). */

import type { Mesh, MeshPeer } from "../../client/index.ts";

const INTERVAL_MS = 2_000;

/** Facts about a connection; those not known yet are left out. */
export interface Facts {
  /** Whether packets go directly, through a NAT, or through a relay. */
  path?: "direct" | "reflexive" | "relayed";
  roundTripMs?: number;
  receivedBitsPerSecond?: number;
  sentBitsPerSecond?: number;
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
  currentRoundTripTime?: number;
  roundTripTime?: number;
  bytesReceived?: number;
  bytesSent?: number;
}

/** Reads the facts of each connection of a mesh every 2 s, until `signal` is aborted. */
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

/** Creates a reader of a connection's facts. Bit rates are averages since the reading before. */
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

/** Chromium has the selected pair's id in the transport's stats; Firefox has only `nominated`. */
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
  // A remote "prflx" alone means nothing: browsers hide their addresses in the local network too.
  const isReflexive = local === "srflx" || local === "prflx" || remote === "srflx";
  return { path: isReflexive ? "reflexive" : "direct" };
}

function roundTripOf(all: Stats[], pair: Stats): Pick<Facts, "roundTripMs"> {
  // Firefox has the round trip only in the stats of RTCP.
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
