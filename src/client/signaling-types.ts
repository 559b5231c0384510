/** Options and events of a SignalingClient. */

import type { Socket } from "socket.io-client";
import type {
  Candidate,
  ClientToServerEvents,
  Description,
  Joined,
  Metadata,
  Peer,
  ServerToClientEvents,
} from "../protocol/messages.ts";
import type { SignalingError } from "./errors.ts";
import type { TokenSource } from "./token.ts";

/** The connection to the server; not for applications. */
export type ServerSocket = Socket<ServerToClientEvents, ClientToServerEvents>;

/** Options of a SignalingClient. */
export interface SignalingOptions {
  /** The path below which the server's Socket.IO answers; by default `/socket.io`. */
  path?: string;
  /** Sends the cookies of the server's origin where the page is of another one; false if left out. */
  withCredentials?: boolean;
  /** socket.io transports to try, in this order. If left out, a WebSocket is first, and later on what has worked. */
  transports?: ("polling" | "websocket")[];
  /**
   * The room that will be joined. It goes into the query of the handshake, by which a load balancer can send everyone in
   * a room to the same node. Later connections name the room that was joined last.
   */
  room?: string;
  /**
   * An access token, if the server requires one. A function is called for each connection; if it fails,
   * connecting is retried later.
   */
  token?: TokenSource;
  /**
   * Whether to keep the seat in a room when the connection is lost, and to take it over with the next; true if left
   * out. With false, or if the server keeps no seats, a lost connection is a leave.
   */
  resume?: boolean;
}

/** Options of `join`, of a `SignalingClient` and of a `Mesh`. */
export interface JoinOptions {
  name?: string;
  /** What to tell the others about this peer: any JSON of 1 KiB at most. Asks for theirs as well. */
  metadata?: Metadata;
  /** Aborts a join that is in progress. */
  signal?: AbortSignal;
}

/** The events of a SignalingClient. */
export interface SignalingEvents {
  /** Connected, and in no room: for the first time, or again when there was no seat or it is gone. */
  connect: { id: string };
  /**
   * Connected again, in the room as before and with the same id; `users` are those who are there now. With `gap`, what
   * was under way to and from this peer may be lost, and `peerjoin` and `peerleave` of the meantime are.
   */
  resume: Joined & { gap: boolean };
  /**
   * The connection is lost. With `willReconnect`, it is retried automatically; then a `resume` follows, or a `connect`.
   */
  disconnect: { willReconnect: boolean };
  /** The page is left: the connection ends after this. The last moment to send something. */
  pagehide: object;
  /** The server refused the connection; it isn't retried. */
  refuse: { error: SignalingError };
  /** Joined a room: the other peers, longest-standing first, and the ICE settings. */
  join: Joined;
  peerjoin: { peer: Peer };
  peerleave: { id: string };
  /** The peer's connection is lost; its seat is kept. A `peerback` or a `peerleave` follows. */
  peeraway: { id: string };
  /** With `gap`, what was under way to and from this peer may be lost. */
  peerback: { id: string; gap: boolean };
  /** Only if `join` was called with `metadata`. */
  peermetadata: { id: string; metadata: Metadata };
  /** An offer or an answer from the peer with the id `from`. */
  description: { description: Description; from: string };
  /** A candidate from the peer with the id `from`; null is the end of candidates. */
  candidate: { candidate: Candidate | null; from: string };
  /**
   * A `signal_error` of the server. `event` is `refresh_token` if the token has expired, and `disconnect` if the
   * application has removed this peer (code `removed` or `room_closed`). The client doesn't reconnect by itself then.
   */
  error: { event: string; error: SignalingError };
}
