/** Options and events of a mesh. */

import type { MeshPeer, PeerDeps } from "./peer.ts";
import type { SignalingClient } from "./signaling.ts";

/** Options of a mesh. */
export interface MeshOptions {
  /** Local media, sent to everyone. */
  streams?: readonly MediaStream[];
  /** Data channels to open with everyone: options by label, `{}` for a reliable, ordered one. */
  channels?: Readonly<Record<string, RTCDataChannelInit>>;
  /** For each RTCPeerConnection; overrides the server's ICE settings. */
  configuration?: RTCConfiguration;
  /** Whether to tell the server how each call goes, without addresses and content; true if left out. */
  callReports?: boolean;
}

/** The state of a mesh. `reconnecting`: the connection to the server is lost; calls go on meanwhile. */
export type MeshState = "idle" | "joining" | "joined" | "reconnecting";

/** The events of a mesh. */
export interface MeshEvents {
  statechange: { state: MeshState };
  peerjoin: { peer: MeshPeer };
  peerleave: { peer: MeshPeer };
  /** Its connection to the server is lost; the call goes on. It comes back or leaves. */
  peeraway: { peer: MeshPeer };
  peerback: { peer: MeshPeer };
  /** It says something else about itself; only if we joined with `metadata`. */
  peermetadata: { peer: MeshPeer };
  /** As on RTCPeerConnection. */
  track: { peer: MeshPeer; track: MediaStreamTrack; streams: readonly MediaStream[] };
  /** A data channel with this peer is open: one of the options, or one that the peer has created. */
  datachannel: { peer: MeshPeer; channel: RTCDataChannel };
  /** See `peer.connection?.connectionState`. */
  connectionstatechange: { peer: MeshPeer };
  /** An error, with the peer if it concerns one. If `state` is "idle", we are no longer in the room. */
  error: { peer: MeshPeer | undefined; error: unknown };
}

/** Dependencies of a session; not for applications. */
export interface SessionDeps extends PeerDeps {
  signaling: SignalingClient;
  configuration: RTCConfiguration | undefined;
  emit: <Type extends keyof MeshEvents>(type: Type, members: MeshEvents[Type]) => void;
}
