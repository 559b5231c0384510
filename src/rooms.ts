/**
 * Who sits in which room. Two maps, changed together in one synchronous step, so that no two
 * joins can take the same seat. Answers with facts and sends nothing.
 */

import type { Peer } from "./protocol.ts";

/** A seat given up: in which room, and who is left there. */
export interface Departure {
  room: string;
  remaining: Peer[];
}

/** What a join came to. */
export type JoinOutcome =
  | { ok: false; reason: "room_full" }
  | {
      ok: true;
      /** Everyone else in the room, longest-standing first. */
      others: Peer[];
      /** Whether the peer sat in this very room before. */
      rejoined: boolean;
      /** The seat given up for this one, if the peer had one in another room. */
      departure: Departure | undefined;
    };

/** Whom a message goes to, or why to nobody. */
export type Route =
  | { ok: true; receivers: Peer[] }
  | { ok: false; reason: "not_in_room" | "peer_not_found" };

/**
 * The seats. Its methods return promises, so that a registry shared by several servers can stand
 * behind the same interface. A socket may be gone by the time one of them resolves; they resolve in the
 * order in which the seats changed, so that everyone is told in that order.
 */
export interface RoomRegistry {
  /** Seats `peer` in `room`, out of any other room. When refused, it stays where it was. */
  join(peer: Peer, room: string): Promise<JoinOutcome>;
  /** Takes away the seat of the peer with this id, if it has one. */
  leave(id: string): Promise<Departure | undefined>;
  /** The room that the peer with this id sits in. */
  roomOf(id: string): Promise<string | undefined>;
  /** The others in the room of the peer with id `from`, or only the one with id `to`. */
  route(from: string, to?: string): Promise<Route>;
  /** How many rooms there are, and how many peers in them. */
  count(): Promise<{ rooms: number; peers: number }>;
}

/** The registry of one server, in its memory. */
export class MemoryRoomRegistry implements RoomRegistry {
  /** Room to its peers by id. A Map, so `__proto__` is a name like any other; oldest peer first. */
  private readonly rooms = new Map<string, Map<string, Peer>>();
  /** Peer id to the room it sits in: the inverse of `rooms`. */
  private readonly socketToRoom = new Map<string, string>();
  private readonly maxPeersPerRoom: number;

  constructor({ maxPeersPerRoom }: { maxPeersPerRoom: number }) {
    this.maxPeersPerRoom = maxPeersPerRoom;
  }

  async join(peer: Peer, room: string): Promise<JoinOutcome> {
    const seats = this.rooms.get(room) ?? new Map<string, Peer>();
    const rejoined = seats.has(peer.id);
    if (!rejoined && seats.size >= this.maxPeersPerRoom) return { ok: false, reason: "room_full" };
    const departure = rejoined ? undefined : this.vacate(peer.id);
    seats.set(peer.id, peer);
    this.rooms.set(room, seats);
    this.socketToRoom.set(peer.id, room);
    return { ok: true, others: othersIn(seats, peer.id), rejoined, departure };
  }

  async leave(id: string): Promise<Departure | undefined> {
    return this.vacate(id);
  }

  async roomOf(id: string): Promise<string | undefined> {
    return this.socketToRoom.get(id);
  }

  async route(from: string, to?: string): Promise<Route> {
    const seats = this.seatsAround(from);
    if (!seats) return { ok: false, reason: "not_in_room" };
    if (to === undefined) return { ok: true, receivers: othersIn(seats, from) };
    const receiver = to === from ? undefined : seats.get(to);
    return receiver ? { ok: true, receivers: [receiver] } : { ok: false, reason: "peer_not_found" };
  }

  async count(): Promise<{ rooms: number; peers: number }> {
    return { rooms: this.rooms.size, peers: this.socketToRoom.size };
  }

  private seatsAround(id: string): Map<string, Peer> | undefined {
    const room = this.socketToRoom.get(id);
    return room === undefined ? undefined : this.rooms.get(room);
  }

  /** Takes both entries of a peer away, and the room with the last of them. */
  private vacate(id: string): Departure | undefined {
    const room = this.socketToRoom.get(id);
    const seats = this.seatsAround(id);
    if (room === undefined || !seats) return undefined;
    seats.delete(id);
    this.socketToRoom.delete(id);
    if (seats.size === 0) this.rooms.delete(room);
    return { room, remaining: [...seats.values()] };
  }
}

function othersIn(seats: ReadonlyMap<string, Peer>, id: string): Peer[] {
  return [...seats.values()].filter((peer) => peer.id !== id);
}
