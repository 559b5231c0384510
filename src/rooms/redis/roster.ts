/** The rooms with members on this node, with their members on all nodes, as Redis has told it so far. */

import type { Departure, Member } from "../registry.ts";

/** A room: its members by id, longest-standing first. */
type Room = Map<string, Member>;

/** A change of a seat. */
export type Change =
  /** Somebody is new in the room. */
  | "joined"
  /** It was there already, and may say other things about itself. */
  | "updated"
  /** It was on this node, and is on another one now. */
  | "moved"
  /** It is in no room with members here. */
  | "ignored";

/** Stands in Redis for no tickets. */
export const NO_TICKETS = "-";

/** The local copy of rooms. A member of another node has `node`. */
export class Roster {
  private readonly rooms = new Map<string, Room>();
  /** The peers of this node by id: their room, and the tickets that take their seat over. */
  private readonly own = new Map<string, { readonly room: string; tickets: string }>();
  /** Peers of other nodes that these have said to be away. */
  private readonly away = new Set<string>();

  get size(): { rooms: number; peers: number } {
    return { rooms: this.rooms.size, peers: this.own.size };
  }

  get names(): string[] {
    return [...this.rooms.keys()];
  }

  has(room: string): boolean {
    return this.rooms.has(room);
  }

  /** The ids of the peers of this node. */
  get ownIds(): string[] {
    return [...this.own.keys()];
  }

  /** The room of a peer of this node. */
  roomOf(id: string): string | undefined {
    return this.own.get(id)?.room;
  }

  /** The tickets of a peer of this node, as Redis has them. */
  ticketsOf(id: string): string {
    return this.own.get(id)?.tickets ?? NO_TICKETS;
  }

  setTickets(id: string, tickets: string): void {
    const seat = this.own.get(id);
    if (seat) seat.tickets = tickets;
  }

  get(room: string, id: string): Member | undefined {
    return this.rooms.get(room)?.get(id);
  }

  members(room: string): Member[] {
    return [...(this.rooms.get(room)?.values() ?? [])];
  }

  /** The others in a room. */
  others(room: string, id: string): Member[] {
    return this.members(room).filter(({ peer }) => peer.id !== id);
  }

  /** The other nodes with members in a room. */
  nodesOf(room: string): string[] {
    return [...new Set(this.members(room).flatMap(({ node }) => node ?? []))];
  }

  /** Takes the members of other nodes of a room that isn't followed yet. Those of this node are seated one by one. */
  load(room: string, members: readonly Member[]): void {
    const others = members.filter(({ node }) => node !== undefined);
    this.rooms.set(room, new Map(others.map((member) => [member.peer.id, member])));
  }

  /** Notes whether a peer of another node is away; returns whether that is new. */
  setAway(id: string, isAway: boolean): boolean {
    if (this.away.has(id) === isAway) return false;
    if (isAway) this.away.add(id);
    else this.away.delete(id);
    return true;
  }

  /** A peer of this node has its seat, or says other things about itself. */
  seat(room: string, member: Member): void {
    const seats = this.rooms.get(room) ?? new Map<string, Member>();
    seats.set(member.peer.id, member);
    this.away.delete(member.peer.id);
    this.rooms.set(room, seats);
    if (this.roomOf(member.peer.id) !== room) {
      this.own.set(member.peer.id, { room, tickets: NO_TICKETS });
    }
  }

  /** A member of another node has a seat. */
  change(room: string, member: Member): Change {
    const { id } = member.peer;
    const seats = this.rooms.get(room);
    if (!seats) return "ignored";
    const before = seats.get(id);
    seats.set(id, member);
    if (!before) return "joined";
    if (this.roomOf(id) !== room) return "updated";
    this.own.delete(id);
    this.tidy(room);
    return "moved";
  }

  /** A seat is gone. */
  vacate(room: string, id: string): Departure | undefined {
    const seats = this.rooms.get(room);
    const member = seats?.get(id);
    if (!seats || !member) return undefined;
    seats.delete(id);
    this.away.delete(id);
    if (this.roomOf(id) === room) this.own.delete(id);
    this.tidy(room);
    return { room, member, remaining: [...seats.values()] };
  }

  /** Rooms without members of this node aren't followed. */
  private tidy(room: string): void {
    for (const member of this.rooms.get(room)?.values() ?? []) {
      if (member.node === undefined) return;
    }
    for (const id of this.rooms.get(room)?.keys() ?? []) this.away.delete(id);
    this.rooms.delete(room);
  }
}
