/** How a SignalingClient connects, and what it tells. */

import type { Candidate, Description, Joined, Peer } from "../protocol/messages.ts";
import type { SignalingError } from "./errors.ts";
import type { TokenSource } from "./token.ts";

/** How to connect. */
export interface SignalingOptions {
  /** The path below which the server's Socket.IO answers; `/socket.io` if left out. */
  path?: string;
  /** Sends the cookies of the server's origin where the page is of another one; false if left out. */
  withCredentials?: boolean;
  /** socket.io transports to try, in this order. */
  transports?: ("polling" | "websocket")[];
  /**
   * An access token, where the server asks for one. A function is called at each connection; if it
   * fails, the connection is tried again later.
   */
  token?: TokenSource;
}

/** What a SignalingClient tells, by event type. */
export interface SignalingEvents {
  /** Connected, for the first time or again; each time with an id of its own, and in no room. */
  connect: { id: string };
  /** The connection is lost. It comes back by itself if `willReconnect`. */
  disconnect: { willReconnect: boolean };
  /** The server turned the connection down, and trying again would not help. */
  refuse: { error: SignalingError };
  /** In a room, with the others there, longest-standing first, and how to reach them. */
  join: Joined;
  peerjoin: { peer: Peer };
  peerleave: { id: string };
  /** An offer or an answer of the peer with id `from`. */
  description: { description: Description; from: string };
  /** A candidate of the peer with id `from`; null says that there are no more. */
  candidate: { candidate: Candidate | null; from: string };
  /**
   * The server refused what no promise stands for: candidates, or a token that has run out. With the event
   * `disconnect` we are removed, and the connection doesn't come back by itself.
   */
  error: { event: string; error: SignalingError };
}
