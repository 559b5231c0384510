/** How a client talks to one kind of server. */

import type { Message } from "../call.ts";

/** `default`: as the server's own client connects when it isn't told otherwise. */
export type Via = "websocket" | "default";

/** What a client knows its place by. */
interface Seat {
  /** What others address it by. */
  readonly id: string;
  /** Of a server that takes a peer back. */
  readonly ticket?: string | undefined;
}

/** A client that has lost its connection comes back. */
export interface Return {
  /** Its place before. */
  readonly seat: Seat;
  /** How long a WebSocket may take to open. */
  readonly openLimitMs: number;
}

/** One client, in a room. */
export interface Peer extends Seat {
  /** When it heard that it is in, in milliseconds of performance.now(). */
  readonly joinedAt: number;
  /** Gets told of each relayed message that arrives, with its bytes. */
  onArrival: (bytes: number) => void;
  /** Gets told when the server ends the connection. */
  onEnd: () => void;
  /** Sends to one peer in its room. */
  send(message: Message, to: Peer): void;
  /** Sends to everyone else in its room. */
  sendAll(message: Message, others: readonly Peer[]): void;
  /** Resolves when the connection has ended. */
  close(): Promise<void>;
}

/** Connects, joins, and resolves when the server has said that it is done; rejects when the connection ends before. */
export type Join = (url: string, room: string, via: Via, back?: Return) => Promise<Peer>;
