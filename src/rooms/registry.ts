/** The interface of a room registry, the record of who is in which room. It sends nothing to peers. */

import type { Metadata, Peer } from "../protocol/messages.ts";

/** A peer in a room, with what the server knows about it. */
export interface Member {
  readonly peer: Peer;
  /** Whether it handles lists of candidates. */
  readonly candidateLists: boolean;
  /** Whether it keeps its seat when its connection is lost, and is told about others that do. */
  readonly resumable: boolean;
  /** Whether it is told the metadata of others. */
  readonly wantsMetadata: boolean;
  /** The subject of its token, or of what `authorize` returned. */
  readonly subject?: string | undefined;
  /** When it has joined, in Unix milliseconds by the clock of its node. */
  readonly joinedAtMs?: number;
  /** The node that it is connected to; undefined for this one. */
  readonly node?: string | undefined;
  /** With `node`: the room that it is in there. */
  readonly room?: string | undefined;
}

/** A member that has left a room, and who remains there. */
export interface Departure {
  room: string;
  member: Member;
  remaining: Member[];
}

/** The outcome of a join. */
export type JoinOutcome =
  | { ok: false; code: "room_full" | "room_closed" | "unavailable" }
  | {
      ok: true;
      /** Everyone else in the room, longest-standing first. Those of other nodes are told there. */
      others: Member[];
      /** Whether the peer was in this room already. */
      rejoined: boolean;
      /** The departure from the room before, if there was one. */
      departure: Departure | undefined;
    };

/**
 * The outcome of a claim: the seat is this node's, or why not. `not_in_room`: nothing is known of such a seat.
 * `seated_here`: it was this node's already, and nothing is known of such a ticket.
 */
export type ClaimOutcome =
  | { ok: true }
  | { ok: false; code: "not_in_room" | "seated_here" | "resume_failed" | "unavailable" };

/** The receivers of a message, or why there are none. */
export type Route =
  | { ok: true; receivers: Member[] }
  | { ok: false; code: "not_in_room" | "peer_not_found" | "unavailable" };

/** What happens on other nodes. Called in the order in which it has happened. */
export interface RoomListeners {
  /** A peer of another node has joined a room; `others` are all others in it. */
  joined(room: string, member: Member, others: readonly Member[]): void;
  /** A peer of another node has left, or one whose node is gone. */
  left(departure: Departure): void;
  /** Another node sends something to peers of this one. */
  message(ids: readonly string[], event: string, text: string): void;
  /** Messages between peers of another node and peers of this one are lost: `[theirs, the others in its room]`. */
  gap(pairs: readonly (readonly [member: Member, others: readonly Member[]])[]): void;
  /** The seat of a peer of this node is on another node now. */
  moved(id: string): void;
  /** Another node asks about a room. */
  asked(room: string): Promise<string>;
  /** The seat of a peer of this node is gone: this node was taken for gone. */
  lost(id: string): void;
}

/**
 * Who is in which room. The methods return promises, so that a registry shared by several servers can
 * implement the interface. A socket may have disconnected by the time they resolve. They resolve in the
 * order of the changes, so that peers are notified in that order.
 */
export interface RoomRegistry {
  /** Moves a peer to `room`, out of any other room. If refused, it stays where it was. */
  join(member: Member, room: string): Promise<JoinOutcome>;
  /** Replaces the metadata of the peer with this id. Resolves with the others in its room. */
  setMetadata(id: string, metadata: Metadata): Promise<Route>;
  /** Removes the peer with this id from its room, if it is in one. */
  leave(id: string): Promise<Departure | undefined>;
  /** The room of the peer with this id, if it is one of this node. */
  roomOf(id: string): Promise<string | undefined>;
  /** The others in the room of the peer with id `from`, or only the one with id `to`. At once where it is known. */
  route(from: string, to?: string): Route | Promise<Route>;
  /** The number of rooms with peers of this node, and of these peers. */
  count(): Promise<{ rooms: number; peers: number }>;
  /** The number of members of each room, of all nodes. */
  sizes(): Promise<ReadonlyMap<string, number>>;
  /** The members of a room, longest-standing first; none if there is no such room. */
  membersOf(room: string): Promise<Member[]>;
  /** Of these, the ones of this node. Asks no other. */
  membersHere(room: string): Promise<Member[]>;
  /** The member with this id, of whatever node. */
  find(id: string): Promise<Member | undefined>;
  /** Refuses joins of a room with `room_closed` for some seconds. Its members stay; resolves with them. */
  closeRoom(room: string, seconds: number): Promise<Member[]>;
  /** Makes sure that the seat of a peer is this node's, by one of its tickets; takes it from another node. */
  claim(id: string, room: string, ticket: string): Promise<ClaimOutcome>;
  /** Notes the tickets that take the seat of a peer over from now on. */
  setTickets(id: string, tickets: readonly string[]): void;
  /** Sends something of `peer`, or of nobody (""), to members of other nodes, whose listeners get it as `message`. */
  send(members: readonly Member[], peer: string, event: string, text: string): void;
  /** Asks all other nodes about a room; resolves within a second or so with the answers of those that have answered. */
  askOthers(room: string): Promise<string[]>;
  /** Sets who is told what happens on other nodes. */
  listen(listeners: RoomListeners): void;
  /** Ends this node. */
  close(): Promise<void>;
}
