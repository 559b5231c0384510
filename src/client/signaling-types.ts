/** Options and events of a SignalingClient. */

import type { Candidate, Description, Joined, Peer } from "../protocol/messages.ts";
import type { SignalingError } from "./errors.ts";
import type { TokenSource } from "./token.ts";

/** Options of a SignalingClient. */
export interface SignalingOptions {
  /** The path below which the server's Socket.IO answers; by default `/socket.io`. */
  path?: string;
  /** Sends the cookies of the server's origin where the page is of another one; false if left out. */
  withCredentials?: boolean;
  /** socket.io transports to try, in this order. */
  transports?: ("polling" | "websocket")[];
  /**
   * An access token, if the server requires one. A function is called for each connection; if it fails,
   * connecting is retried later.
   */
  token?: TokenSource;
}

/** The events of a SignalingClient. */
export interface SignalingEvents {
  /** Connected, for the first time or again; each time with a new id, and in no room. */
  connect: { id: string };
  /** The connection is lost. With `willReconnect`, it is retried automatically. */
  disconnect: { willReconnect: boolean };
  /** The server refused the connection; it isn't retried. */
  refuse: { error: SignalingError };
  /** Joined a room: the other peers, longest-standing first, and the ICE settings. */
  join: Joined;
  peerjoin: { peer: Peer };
  peerleave: { id: string };
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
