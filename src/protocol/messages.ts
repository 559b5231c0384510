/** The types of all messages between a client and the server; browsers use them too. Their rules: .github/PROTOCOL.md. */

import type { AddressedCallReport } from "./call-report.ts";

/** Any JSON: what an application says about a peer, such as a role or a muted microphone. */
export type Metadata = string | number | boolean | null | Metadata[] | { [key: string]: Metadata };

/** A peer in a room. `id` is that of the socket that it first joined with, also after a resume; `name` may be `""`. */
export interface Peer {
  id: string;
  name: string;
  /** Only to those that joined with `metadata`; absent if this peer has none. */
  metadata?: Metadata;
  /** The subject of its token, if the server shares it. */
  subject?: string;
}

/** W3C RTCSessionDescriptionInit, without "rollback", which is never sent (RFC 8829, 4.1.10.2). */
export interface Description {
  type: "offer" | "answer" | "pranswer";
  sdp: string;
}

/** W3C RTCIceCandidateInit. `candidate: ""` ends the candidates of this generation (RFC 8838, 14). */
export interface Candidate {
  candidate: string;
  sdpMid?: string | null;
  sdpMLineIndex?: number | null;
  usernameFragment?: string | null;
}

/** W3C RTCIceServer. */
export interface IceServer {
  urls: string | string[];
  username?: string;
  credential?: string;
}

/** The receiver of a message: the peer with the id `to`, or everyone else in the room. */
export interface Target {
  to?: string;
}

/** The sender of a relayed message: the peer with the id `from`, as set by the server. */
export interface Sender {
  from: string;
}

/** The argument of `join`. */
export interface JoinRequest {
  room: string;
  name?: string;
  /** Whether this client handles `getCandidates`; by default it gets a `getCandidate` for each. */
  candidateLists?: boolean;
  /** Asks for a ticket, with which another connection can take the seat over (`resume`). */
  resume?: boolean;
  /** What the others shall know about this peer. Who joins with it is told the metadata of others. */
  metadata?: Metadata;
}

/** The argument of `resume`. */
export interface ResumeRequest {
  ticket: string;
  /** How many counted events this client has got since its join. */
  received: number;
}

/** Why an event was refused. .github/PROTOCOL.md says what each code means. */
export type ErrorCode =
  | "bad_request"
  | "room_full"
  | "room_closed"
  | "not_in_room"
  | "peer_not_found"
  | "too_large"
  | "rate_limited"
  | "unauthorized"
  | "forbidden"
  | "removed"
  | "resume_failed"
  | "unavailable"
  | "internal";

/** The answer to a refused event. The event changed nothing and was sent to nobody. */
export interface Refused {
  ok: false;
  error: Refusal;
}

/** Why an event was refused, and with `rate_limited`, in how many milliseconds to try again. */
export interface Refusal {
  code: ErrorCode;
  message: string;
  retryAfterMs?: number;
}

/** The answer to an event: its result, or why it was refused. */
export type Ack<T extends object = object> = ({ ok: true } & T) | Refused;

/** The result of `join`. `users` are the others in the room, longest-standing first. */
export interface Joined {
  self: Peer;
  users: Peer[];
  /** For RTCPeerConnection; empty if the server has none configured. */
  iceServers: IceServer[];
  /** For RTCPeerConnection. With "relay", the server passes relayed candidates only. */
  iceTransportPolicy: "all" | "relay";
  /** Only if the join asked for it, and the server keeps seats. */
  resume?: Resumption;
}

/** What another connection needs to take the seat over. */
export interface Resumption {
  ticket: string;
  /** For how long after the connection is lost the seat is kept. */
  graceMs: number;
}

/** The result of `resume`. `users` are the others in the room now. */
export interface Resumed extends Joined {
  resume: Resumption;
  /**
   * How many of this client's counted events the server has got. null: what was under way, in both directions, may
   * be lost; both counts start anew at 0.
   */
  received: number | null;
}

/** The result of `ice_servers`. */
export interface IceGrant {
  iceServers: IceServer[];
  /** When to ask again at the latest, in Unix seconds by the server's clock. Set even if nothing expires. */
  expiresAt: number;
}

/** The result of a relayed message: the number of peers it was sent to. */
export interface Delivered {
  delivered: number;
}

/** An acknowledgement callback: the optional last argument of every event. */
type Reply<T extends object = object> = (ack: Ack<T>) => void;

/** From a client to the server. */
export interface ClientToServerEvents {
  /** Joins a room, and leaves the one before. */
  join: (request: JoinRequest, reply?: Reply<Joined>) => void;
  /** On a new connection: takes over the seat that the ticket is for. */
  resume: (request: ResumeRequest, reply?: Reply<Resumed>) => void;
  /** Replaces this peer's metadata. */
  set_metadata: (request: { metadata: Metadata }, reply?: Reply) => void;
  /** Relayed as `getOffer`. */
  offer: (description: Description, target?: Target, reply?: Reply<Delivered>) => void;
  /** Relayed as `getAnswer`. */
  answer: (description: Description, target?: Target, reply?: Reply<Delivered>) => void;
  /** Relayed as `getCandidate`. `null` is the end of candidates. */
  candidate: (candidate: Candidate | null, target?: Target, reply?: Reply<Delivered>) => void;
  /** Relayed as one `getCandidates`, or as `getCandidate`s to peers that don't handle lists. */
  candidates: (candidates: (Candidate | null)[], target?: Target, reply?: Reply<Delivered>) => void;
  /** Leaves the room; the connection stays open. */
  leave: (reply?: Reply) => void;
  /** Gets STUN and TURN servers anew: before those of `join` expire, and before an ICE restart. */
  ice_servers: (reply?: Reply<IceGrant>) => void;
  /** Tells the server how a call went. */
  call_report: (report: AddressedCallReport, reply?: Reply) => void;
  /** Replaces the access token by a new one of the same subject. */
  refresh_token: (token: string, reply?: Reply) => void;
}

/** From the server to a client. */
export interface ServerToClientEvents {
  /** To the joiner, before the acknowledgement: the others, longest-standing first. */
  room_users: (users: Peer[]) => void;
  /** What would be the acknowledgement of a `join` that came with CONNECT, right behind `room_users`; or of a `resume`. */
  join_result: (ack: Ack) => void;
  resume_result: (ack: Ack) => void;
  /** To the others in a room, when a peer has joined it. */
  user_joined: (peer: Peer) => void;
  /** To the others in a room, when a peer has left it or has disconnected. */
  user_exit: (peer: { id: string }) => void;
  /** To peers that joined with `resume`: the connection of this one is lost, its seat is kept. */
  user_away: (peer: { id: string }) => void;
  /** To peers that joined with `resume`: this one is back. With `gap`, messages to and from it may be lost. */
  user_back: (peer: { id: string; gap?: true }) => void;
  /** To peers that joined with `metadata`: this one has replaced its own. */
  user_metadata: (peer: { id: string; metadata: Metadata }) => void;
  /** To everyone: the server will close all connections within this time; connect again then. */
  server_draining: (notice: { withinMs: number }) => void;
  getOffer: (description: Description, sender: Sender) => void;
  getAnswer: (description: Description, sender: Sender) => void;
  getCandidate: (candidate: Candidate | null, sender: Sender) => void;
  /** Only to peers that joined with `candidateLists`. */
  getCandidates: (candidates: (Candidate | null)[], sender: Sender) => void;
  /**
   * To the sender of a refused event that asked for no acknowledgement. With the event "disconnect": to a
   * peer that the application removes, before its connection is closed.
   */
  signal_error: (error: Refusal & { event: string }) => void;
}
