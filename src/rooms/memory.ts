/**
 * The room registry of a single server, in memory. Both maps change together in one synchronous step, so
 * that two joins can't take the same seat.
 */

import type { Metadata } from "../protocol/messages.ts";
import type {
  ClaimOutcome,
  Departure,
  JoinOutcome,
  Member,
  RoomRegistry,
  Route,
} from "./registry.ts";

/** Options of the registry. */
export interface MemoryRoomOptions {
  readonly maxPeersPerRoom: number;
}

/** Keeps rooms and their members in memory. */
export class MemoryRoomRegistry implements RoomRegistry {
  /** Members by id, by room; longest-standing first. A Map, so that `__proto__` is a valid name. */
  private readonly rooms = new Map<string, Map<string, Member>>();
  /** Room by peer id: the inverse of `rooms`. */
  private readonly socketToRoom = new Map<string, string>();
  /** When closed rooms open again. */
  private readonly closedUntilMs = new Map<string, number>();
  private readonly maxPeersPerRoom: number;
  private readonly now: () => number;

  /** @param now the clock, in milliseconds */
  constructor({ maxPeersPerRoom }: MemoryRoomOptions, now: () => number) {
    this.maxPeersPerRoom = maxPeersPerRoom;
    this.now = now;
  }

  async join(member: Member, room: string): Promise<JoinOutcome> {
    const { id } = member.peer;
    if (this.isClosed(room)) return { ok: false, code: "room_closed" };
    const seats = this.rooms.get(room) ?? new Map<string, Member>();
    const rejoined = seats.has(id);
    if (!rejoined && seats.size >= this.maxPeersPerRoom) return { ok: false, code: "room_full" };
    const departure = rejoined ? undefined : this.vacate(id);
    seats.set(id, member);
    this.rooms.set(room, seats);
    this.socketToRoom.set(id, room);
    return { ok: true, others: othersIn(seats, id), rejoined, departure };
  }

  async setMetadata(id: string, metadata: Metadata): Promise<Route> {
    const seats = this.seatsAround(id);
    const member = seats?.get(id);
    if (!seats || !member) return { ok: false, code: "not_in_room" };
    seats.set(id, { ...member, peer: { ...member.peer, metadata } });
    return { ok: true, receivers: othersIn(seats, id) };
  }

  async leave(id: string): Promise<Departure | undefined> {
    return this.vacate(id);
  }

  async roomOf(id: string): Promise<string | undefined> {
    return this.socketToRoom.get(id);
  }

  route(from: string, to?: string): Route {
    const seats = this.seatsAround(from);
    if (!seats) return { ok: false, code: "not_in_room" };
    if (to === undefined) return { ok: true, receivers: othersIn(seats, from) };
    const receiver = to === from ? undefined : seats.get(to);
    return receiver ? { ok: true, receivers: [receiver] } : { ok: false, code: "peer_not_found" };
  }

  async count(): Promise<{ rooms: number; peers: number }> {
    return { rooms: this.rooms.size, peers: this.socketToRoom.size };
  }

  async sizes(): Promise<ReadonlyMap<string, number>> {
    return new Map([...this.rooms].map(([room, seats]) => [room, seats.size]));
  }

  async membersOf(room: string): Promise<Member[]> {
    return [...(this.rooms.get(room)?.values() ?? [])];
  }

  async membersHere(room: string): Promise<Member[]> {
    return this.membersOf(room);
  }

  async find(id: string): Promise<Member | undefined> {
    return this.seatsAround(id)?.get(id);
  }

  async closeRoom(room: string, seconds: number): Promise<Member[]> {
    // Removes rooms that are open again, so that the map doesn't grow.
    for (const closed of this.closedUntilMs.keys()) this.isClosed(closed);
    this.closedUntilMs.set(room, this.now() + seconds * 1_000);
    return this.membersOf(room);
  }

  /** There is no other node: whoever isn't here has no seat. */
  async claim(): Promise<ClaimOutcome> {
    return { ok: false, code: "not_in_room" };
  }

  setTickets(): void {}

  send(): void {}

  async askOthers(): Promise<string[]> {
    return [];
  }

  listen(): void {}

  async close(): Promise<void> {}

  private isClosed(room: string): boolean {
    const untilMs = this.closedUntilMs.get(room);
    if (untilMs === undefined) return false;
    if (this.now() < untilMs) return true;
    this.closedUntilMs.delete(room);
    return false;
  }

  private seatsAround(id: string): Map<string, Member> | undefined {
    const room = this.socketToRoom.get(id);
    return room === undefined ? undefined : this.rooms.get(room);
  }

  /** Removes a peer from both maps, and its room if it was the last one there. */
  private vacate(id: string): Departure | undefined {
    const room = this.socketToRoom.get(id);
    const seats = this.seatsAround(id);
    const member = seats?.get(id);
    if (room === undefined || !seats || !member) return undefined;
    seats.delete(id);
    this.socketToRoom.delete(id);
    if (seats.size === 0) this.rooms.delete(room);
    return { room, member, remaining: [...seats.values()] };
  }
}

function othersIn(seats: ReadonlyMap<string, Member>, id: string): Member[] {
  return [...seats.values()].filter(({ peer }) => peer.id !== id);
}
