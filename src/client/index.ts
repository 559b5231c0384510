/**
 * The browser client: `SignalingClient` is the connection to the signaling server, and `Mesh` builds
 * calls between all peers of a room on it.
 */

export type { CallFailure, CallPath, CallReport } from "../protocol/call-report.ts";
export type {
  Candidate,
  Delivered,
  Description,
  ErrorCode,
  IceGrant,
  IceServer,
  Joined,
  Metadata,
  Peer,
} from "../protocol/messages.ts";
export { type CallStats, readCallStats } from "./call-stats.ts";
export { SignalingError } from "./errors.ts";
export { Mesh } from "./mesh.ts";
export type { MeshEvents, MeshOptions, MeshState } from "./mesh-types.ts";
export type { MeshPeer } from "./peer.ts";
export { SignalingClient } from "./signaling.ts";
export type {
  JoinOptions,
  SignalingEvents,
  SignalingOptions,
} from "./signaling-types.ts";
