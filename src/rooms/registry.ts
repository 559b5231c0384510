/** Who sits in which room: what every registry of seats answers. It gives facts and sends nothing. */

import type { Peer } from "../protocol/messages.ts";

/** Somebody in a room, with what is to be known for sending to it. */
export interface Member {
  readonly peer: Peer;
  /** Whether it takes candidates in lists. */
  readonly candidateLists: boolean;
  /** Who it is, to the application that let it in. */
  readonly subject?: string | undefined;
}

/** A seat given up: whose, in which room, and who is left there. */
export interface Departure {
  room: string;
  member: Member;
  remaining: Member[];
}

/** What a join came to. */
export type JoinOutcome =
  | { ok: false; code: "room_full" | "room_closed" }
  | {
      ok: true;
      /** Everyone else in the room, longest-standing first. */
      others: Member[];
      /** Whether the peer sat in this very room before. */
      rejoined: boolean;
      /** The seat given up for this one, if the peer had one in another room. */
      departure: Departure | undefined;
    };

/** Whom a message goes to, or why to nobody. */
export type Route =
  | { ok: true; receivers: Member[] }
  | { ok: false; code: "not_in_room" | "peer_not_found" };

/**
 * The seats. Its methods return promises, so that a registry shared by several servers can stand
 * behind the same interface. A socket may be gone by the time one of them resolves; they resolve in the
 * order in which the seats changed, so that everyone is told in that order.
 */
export interface RoomRegistry {
  /** Seats a peer in `room`, out of any other room. When refused, it stays where it was. */
  join(member: Member, room: string): Promise<JoinOutcome>;
  /** Takes away the seat of the peer with this id, if it has one. */
  leave(id: string): Promise<Departure | undefined>;
  /** The room that the peer with this id sits in. */
  roomOf(id: string): Promise<string | undefined>;
  /** The others in the room of the peer with id `from`, or only the one with id `to`. */
  route(from: string, to?: string): Promise<Route>;
  /** How many rooms there are, and how many peers in them. */
  count(): Promise<{ rooms: number; peers: number }>;
  /** The names of the rooms that somebody is in. */
  list(): Promise<string[]>;
  /** Who is in a room, longest-standing first. */
  membersOf(room: string): Promise<Member[]>;
  /** Refuses joins of a room, as `room_closed`, for so many seconds. Who is in it keeps the seat. */
  close(room: string, seconds: number): Promise<void>;
}
