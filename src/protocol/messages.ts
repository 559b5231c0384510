/**
 * The wire: every message between a client and this server, as types.
 * Prose and rules: .github/PROTOCOL.md. Runs in a browser too, so it imports nothing.
 */

/** Somebody in a room. `id` is the id of the peer's socket, `name` may be `""`. */
export interface Peer {
  id: string;
  name: string;
}

/** W3C RTCSessionDescriptionInit, without "rollback", which never travels (RFC 8829, 4.1.10.2). */
export interface Description {
  type: "offer" | "answer" | "pranswer";
  sdp: string;
}

/** W3C RTCIceCandidateInit. `candidate: ""` says that this generation has no more (RFC 8838, 14). */
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

/** Whom a message is for: one peer by its id, or everyone else in the room. */
export interface Target {
  to?: string;
}

/** Who a relayed message is from: the server's word, not the sender's. */
export interface Sender {
  from: string;
}

/** What `join` takes. */
export interface JoinRequest {
  room: string;
  name?: string;
  /** Whether this client listens to `getCandidates`; left out, lists reach it one by one. */
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

/** The answer to a refused event; it changed nothing and reached nobody. */
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

/** The answer to an event: what it yields, or why it was refused. */
export type Ack<T extends object = object> = ({ ok: true } & T) | Refused;

/** What the acknowledgement of `join` yields. `users` are the others, longest-standing first. */
export interface Joined {
  self: Peer;
  users: Peer[];
  /** For RTCPeerConnection; empty when the server has none configured. */
  iceServers: IceServer[];
  /** For RTCPeerConnection. "relay": the server lets no other address of a peer through. */
  iceTransportPolicy: "all" | "relay";
}

/** What the acknowledgement of `ice_servers` yields. */
export interface IceGrant {
  iceServers: IceServer[];
  /** Unix seconds, by the server's clock: ask again before then. Set even if nothing expires. */
  expiresAt: number;
}

/** What the acknowledgement of a relayed message yields: to how many peers it was sent. */
export interface Delivered {
  delivered: number;
}

/** An acknowledgement callback. Every event takes one as its last argument, or none. */
type Reply<T extends object = object> = (ack: Ack<T>) => void;

/** From a client to the server. */
export interface ClientToServerEvents {
  /** Takes a seat in a room, and gives up the one in another room. */
  join: (request: JoinRequest, reply?: Reply<Joined>) => void;
  /** Relayed as `getOffer`. */
  offer: (description: Description, target?: Target, reply?: Reply<Delivered>) => void;
  /** Relayed as `getAnswer`. */
  answer: (description: Description, target?: Target, reply?: Reply<Delivered>) => void;
  /** Relayed as `getCandidate`. `null` says end of candidates. */
  candidate: (candidate: Candidate | null, target?: Target, reply?: Reply<Delivered>) => void;
  /** Several at once. Relayed as `getCandidates` to who takes lists, else as a `getCandidate` each. */
  candidates: (candidates: (Candidate | null)[], target?: Target, reply?: Reply<Delivered>) => void;
  /** Gives up the seat; the connection stays. */
  leave: (reply?: Reply) => void;
  /** Renews the STUN and TURN servers that `join` gave: before they expire, before an ICE restart. */
  ice_servers: (reply?: Reply<IceGrant>) => void;
  /** Puts a new access token, of the same bearer, in the place of one that is running out. */
  refresh_token: (token: string, reply?: Reply) => void;
}

/** From the server to a client. */
export interface ServerToClientEvents {
  /** To who has joined, before the acknowledgement: the others, longest-standing first. */
  room_users: (users: Peer[]) => void;
  /** To the others in a room, when somebody has joined it. */
  user_joined: (peer: Peer) => void;
  /** To those left in a room, when somebody has left it or is gone. */
  user_exit: (peer: { id: string }) => void;
  getOffer: (description: Description, sender: Sender) => void;
  getAnswer: (description: Description, sender: Sender) => void;
  getCandidate: (candidate: Candidate | null, sender: Sender) => void;
  /** Only to those who joined with `candidateLists`. */
  getCandidates: (candidates: (Candidate | null)[], sender: Sender) => void;
  /**
   * To the sender of a refused event that asked for no acknowledgement; with the event "disconnect", to who
   * is removed by the application, before the connection is closed.
   */
  signal_error: (error: Refusal & { event: string }) => void;
}
