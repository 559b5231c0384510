/**
 * The seats of one server, in its memory. Two maps, changed together in one synchronous step, so that
 * no two joins can take the same seat.
 */

import type { Peer } from "../protocol/messages.ts";
import type { Departure, JoinOutcome, RoomRegistry, Route } from "./registry.ts";

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
