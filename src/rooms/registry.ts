/** The interface of a room registry, the record of who is in which room. It sends nothing. */

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
}

/** A member that has left a room, and who remains there. */
export interface Departure {
  room: string;
  member: Member;
  remaining: Member[];
}

/** The outcome of a join. */
export type JoinOutcome =
  | { ok: false; code: "room_full" | "room_closed" }
  | {
      ok: true;
      /** Everyone else in the room, longest-standing first. */
      others: Member[];
      /** Whether the peer was in this room already. */
      rejoined: boolean;
      /** The departure from the room before, if there was one. */
      departure: Departure | undefined;
    };

/** The receivers of a message, or why there are none. */
export type Route =
  | { ok: true; receivers: Member[] }
  | { ok: false; code: "not_in_room" | "peer_not_found" };

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
  /** The room of the peer with this id. */
  roomOf(id: string): Promise<string | undefined>;
  /** The others in the room of the peer with id `from`, or only the one with id `to`. */
  route(from: string, to?: string): Promise<Route>;
  /** The number of rooms, and of peers in them. */
  count(): Promise<{ rooms: number; peers: number }>;
  /** The names of all rooms; a room has at least one member. */
  list(): Promise<string[]>;
  /** The members of a room, longest-standing first; none if there is no such room. */
  membersOf(room: string): Promise<Member[]>;
  /** Refuses joins of a room with `room_closed` for some seconds. Its members stay. */
  close(room: string, seconds: number): Promise<void>;
}
