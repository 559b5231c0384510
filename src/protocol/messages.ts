/**
 * The types of all messages between a client and the server. Their rules: .github/PROTOCOL.md. Runs in
 * browsers too, so it imports nothing.
 */

/** A peer in a room. `id` is the id of its socket, `name` may be `""`. */
export interface Peer {
  id: string;
  name: string;
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
  /** Replaces the access token by a new one of the same subject. */
  refresh_token: (token: string, reply?: Reply) => void;
}

/** From the server to a client. */
export interface ServerToClientEvents {
  /** To the joiner, before the acknowledgement: the others, longest-standing first. */
  room_users: (users: Peer[]) => void;
  /** To the others in a room, when a peer has joined it. */
  user_joined: (peer: Peer) => void;
  /** To the others in a room, when a peer has left it or has disconnected. */
  user_exit: (peer: { id: string }) => void;
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
