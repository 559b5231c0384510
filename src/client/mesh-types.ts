/** What a mesh is made with, and what it tells. */

import type { MeshPeer, PeerDeps } from "./peer.ts";
import type { SignalingClient } from "./signaling.ts";

/** What goes to each peer, and how it is reached. */
export interface MeshOptions {
  /** Local media, sent to everyone. */
  streams?: readonly MediaStream[];
  /** Data channels to open with everyone: from label to options, `{}` for a reliable one. */
  channels?: Readonly<Record<string, RTCDataChannelInit>>;
  /** For each RTCPeerConnection, over what the server says about ICE. */
  configuration?: RTCConfiguration;
}

/**
 * Where a mesh stands. `reconnecting`: the server is out of reach. If it is away, calls go on; if only our
 * connection is lost, the others end their calls with us when the server has missed us.
 */
export type MeshState = "idle" | "joining" | "joined" | "reconnecting";

/** What a mesh tells, by event type. */
export interface MeshEvents {
  statechange: { state: MeshState };
  peerjoin: { peer: MeshPeer };
  peerleave: { peer: MeshPeer };
  /** As on RTCPeerConnection. */
  track: { peer: MeshPeer; track: MediaStreamTrack; streams: readonly MediaStream[] };
  /** A channel with this peer is open: of a label in the options, or one that the peer has opened. */
  datachannel: { peer: MeshPeer; channel: RTCDataChannel };
  /** See `peer.connection?.connectionState`. */
  connectionstatechange: { peer: MeshPeer };
  /** What went wrong, and with whom, where that is known. The room is lost when `state` is "idle". */
  error: { peer: MeshPeer | undefined; error: unknown };
}

/** What a session builds on; not for applications. */
export interface SessionDeps extends PeerDeps {
  signaling: SignalingClient;
  configuration: RTCConfiguration | undefined;
  emit: <Type extends keyof MeshEvents>(type: Type, members: MeshEvents[Type]) => void;
}
