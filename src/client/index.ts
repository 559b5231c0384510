/**
 * A browser's side of the signaling server: `SignalingClient` to talk to it, and `Mesh` for calls of
 * everyone with everyone on top. Each by itself, without a framework.
 */

export type {
  Candidate,
  Delivered,
  Description,
  ErrorCode,
  IceGrant,
  IceServer,
  Joined,
  Peer,
} from "../protocol/messages.ts";
export { SignalingError } from "./errors.ts";
export { type JoinOptions, Mesh } from "./mesh.ts";
export type { MeshEvents, MeshOptions, MeshState } from "./mesh-types.ts";
export type { MeshPeer } from "./peer.ts";
export { SignalingClient } from "./signaling.ts";
export type { SignalingEvents, SignalingOptions } from "./signaling-types.ts";
