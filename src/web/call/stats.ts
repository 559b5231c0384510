/** Facts about a connection, for its tile. */

import { type CallStats, type Mesh, type MeshPeer, readCallStats } from "../../client/index.ts";

const INTERVAL_MS = 2_000;

/** Facts about a connection; those not known yet are left out. */
export interface Facts {
  /** Whether packets go directly, through a NAT, or through a relay. */
  path?: "direct" | "reflexive" | "relayed";
  roundTripMs?: number;
  receivedBitsPerSecond?: number;
  sentBitsPerSecond?: number;
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
  let before: CallStats["pair"] | undefined;
  return async () => {
    const stats = await readCallStats(connection);
    if (!stats) return {};
    const { pair, rttMs } = stats;
    const facts = {
      path: pathOf(stats),
      ...(rttMs !== undefined && { roundTripMs: rttMs }),
      ...ratesOf(pair, before),
    };
    before = pair;
    return facts;
  };
}

function pathOf({ path, remoteType }: CallStats): Facts["path"] & string {
  if (path.startsWith("relay/")) return "relayed";
  return path !== "host" || remoteType === "srflx" ? "reflexive" : "direct";
}

function ratesOf(pair: CallStats["pair"], before: CallStats["pair"] | undefined): Partial<Facts> {
  if (before?.id !== pair.id) return {};
  const seconds = (pair.timestamp - before.timestamp) / 1_000;
  const rate = (now = 0, then = 0) => Math.max(0, ((now - then) * 8) / seconds);
  return {
    receivedBitsPerSecond: rate(pair.bytesReceived, before.bytesReceived),
    sentBitsPerSecond: rate(pair.bytesSent, before.bytesSent),
  };
}
