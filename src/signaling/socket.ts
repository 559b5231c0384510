/** The sockets of the server, what is kept with each, and the handlers of their events. */

import type { DefaultEventsMap, Server, Socket } from "socket.io";
import type { Claims } from "../auth/authenticator.ts";
import type { TurnShare } from "../connections/turns.ts";
import type { Ack, ClientToServerEvents, ServerToClientEvents } from "../protocol/messages.ts";

/** The data of a socket. */
interface SocketData {
  /** The claims of its token, or from `authorize`; undefined if neither is required. */
  claims?: Claims;
  /** How many counted events have arrived, refused ones included. */
  arrived: number;
  /** How many events are under way. */
  underWay: number;
  /** Resolves when every event that has arrived so far is handled. */
  idle: Promise<void>;
  /** What its events that are handled in one turn of the event loop may cost. */
  share: TurnShare;
  /** Whether its connection was closed such that its client comes back, as if it had been lost. */
  comesBack?: boolean;
  /** Whether its peer's seat is another node's, or nobody's. */
  hasNoSeat?: boolean;
  /** Whether its heartbeats confirm what its peer was sent. */
  isFollowed?: boolean;
}

export type SignalingIo = Server<
  ClientToServerEvents,
  ServerToClientEvents,
  DefaultEventsMap,
  SocketData
>;
export type SignalingSocket = Socket<
  ClientToServerEvents,
  ServerToClientEvents,
  DefaultEventsMap,
  SocketData
>;

/** Sends the answer to an event. */
export type Send = (ack: Ack) => void;

/**
 * Handles one event. Returns the answer, at once if it can; undefined if it has sent it itself, for what must happen in
 * the same step.
 *
 * @param args not parsed, without the callback
 */
export type Handler = (
  socket: SignalingSocket,
  args: unknown[],
  arrival: Arrival,
) => Outcome | Promise<Outcome>;

/** Of an event that has arrived. */
interface Arrival {
  /** How many counted events had arrived before. */
  readonly before: number;
  readonly send: Send;
}

export type Outcome = Ack | undefined;
