/** What this node is told by its inbox, entry by entry. */

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Departure, Member, RoomListeners } from "../registry.ts";
import { type Answer, refusal } from "./answer.ts";
import type { Incoming } from "./incoming.ts";
import type { LateClaims } from "./late-claims.ts";
import type { Outgoing } from "./outgoing.ts";
import type { Entry } from "./reader.ts";
import type { Request, Requests } from "./requests.ts";
import type { Roster } from "./roster.ts";
import { parseSeat, parseSeats } from "./seats.ts";

/** What the inbox works with. */
export interface InboxDeps {
  readonly node: string;
  readonly roster: Roster;
  readonly requests: Requests<Answer>;
  readonly lateClaims: LateClaims;
  readonly outgoing: Outgoing;
  readonly incoming: Incoming;
  /** Has all members of a room put into the inbox; `request` waits for them, unless it is "". */
  compare(room: string, request: string): void;
  /** Removes a seat that nobody waits for any more. */
  giveUp(id: string, room: string): void;
  /** Writes the tickets of a peer to Redis again. */
  noteTickets(id: string): void;
  reportFault(error: unknown): unknown;
}

/** Takes entries, in order. */
export class Inbox {
  listeners: RoomListeners | undefined;
  private readonly deps: InboxDeps;

  constructor(deps: InboxDeps) {
    this.deps = deps;
  }

  async take(entries: readonly Entry[]): Promise<void> {
    for (const entry of entries) {
      try {
        // Who waits for an answer goes on before anything else is told.
        if (this.takeOne(entry)) await nextTurn();
      } catch (error) {
        this.deps.reportFault(error);
      }
    }
  }

  /** Returns whether a request was answered. */
  private takeOne(entry: Entry): boolean {
    const field = (name: string) => entry.get(name) ?? "";
    switch (entry.get("t")) {
      case undefined:
        this.deps.incoming.take(entry);
        return false;
      case "ack":
        this.deps.outgoing.takeConfirmation(entry);
        return false;
      case "left":
        this.takeLeft(field("r"), field("i"), field("n"));
        return false;
      case "no":
        this.takeRefusal(field("q"), field("c"));
        return true;
      case "room":
        return this.takeRoom(field("r"), field("q"), field("a"));
      case "seat": {
        const { member } = parseSeat(field("r"), field("s"), this.deps.node);
        if (member.node !== undefined) return this.takeOther(field("r"), member);
        return this.takeOwn(field("r"), member, field("q"), field("a"));
      }
      default:
        throw new Error(`unknown entry of type ${entry.get("t")}`);
    }
  }

  private takeRefusal(number: string, code: string): void {
    const { id = "", room = "", answer } = this.deps.requests.take(number) ?? {};
    // Nobody is on that seat.
    if (code === "seated_here" && id && !this.isExpected(id, room)) this.deps.giveUp(id, room);
    answer?.(refusal(code));
  }

  /** A peer of this node has a seat; with the members of the room, if they aren't known. */
  private takeOwn(room: string, member: Member, number: string, members: string): boolean {
    const { roster, requests } = this.deps;
    const request = requests.get(number);
    if (!request?.answer) {
      this.takeLate(room, member, requests.take(number));
      return false;
    }
    if (!roster.has(room)) {
      if (members === "") {
        this.deps.compare(room, number);
        return false;
      }
      roster.load(room, parseSeats(room, JSON.parse(members), this.deps.node));
    }
    return this.seat(room, member, number);
  }

  private seat(room: string, member: Member, number: string): boolean {
    const { roster, requests } = this.deps;
    const { id } = member.peer;
    const before = roster.roomOf(id);
    let departure: Departure | undefined;
    if (before !== undefined && before !== room) departure = roster.vacate(before, id);
    const rejoined = roster.get(room, id) !== undefined;
    roster.seat(room, member);
    this.deps.lateClaims.drop(id, room);
    const answer = { ok: true as const, others: roster.others(room, id), rejoined, departure };
    requests.take(number)?.answer?.(answer);
    return true;
  }

  /** A seat that nobody waits for any more: "unavailable" was the answer, or the peer has gone. */
  private takeLate(room: string, member: Member, request: Request<Answer> | undefined): void {
    const { roster, requests, lateClaims, giveUp, noteTickets } = this.deps;
    const { id } = member.peer;
    const before = roster.roomOf(id);
    if (before === room) {
      roster.seat(room, member);
      // A join has taken them away in Redis.
      noteTickets(id);
      return;
    }
    // What was asked for later decides.
    if (requests.has(id, room)) return;
    if (request?.mode === "claim") {
      lateClaims.add(id, room);
      return;
    }
    // It isn't on the node that it was on.
    const moved = roster.get(room, id) && roster.vacate(room, id);
    if (moved) this.listeners?.left(moved);
    giveUp(id, room);
    // It has lost the seat that it believes to have. Its client comes back and joins anew.
    if (request && before !== undefined) this.lose(roster.vacate(before, id), id);
  }

  /** Whether a seat that Redis says is this node's has, or may have, a peer here. */
  private isExpected(id: string, room: string): boolean {
    const { roster, requests, lateClaims } = this.deps;
    return roster.roomOf(id) === room || requests.has(id, room) || lateClaims.has(id, room);
  }

  private takeOther(room: string, member: Member): boolean {
    const { roster } = this.deps;
    const { id } = member.peer;
    const change = roster.change(room, member);
    if (change === "joined") this.listeners?.joined(room, member, roster.others(room, id));
    if (change === "moved") this.listeners?.moved(id);
    return false;
  }

  private takeLeft(room: string, id: string, node: string): void {
    const { roster } = this.deps;
    const member = roster.get(room, id);
    if (!member || (member.node ?? this.deps.node) !== node) return;
    const departure = roster.vacate(room, id);
    if (member.node === undefined) this.lose(departure, id);
    else if (departure) this.listeners?.left(departure);
  }

  /** A peer of this node has lost its seat to nobody. */
  private lose(departure: Departure | undefined, id: string): void {
    if (departure) this.listeners?.left(departure);
    this.listeners?.lost(id);
  }

  /** All members of a room: for a request, or to be compared with those that are known. */
  private takeRoom(room: string, number: string, text: string): boolean {
    const { roster, requests, node, giveUp } = this.deps;
    const members = parseSeats(room, JSON.parse(text), node);
    if (number !== "") {
      const request = requests.get(number);
      const own = members.find(({ peer }) => peer.id === request?.id);
      if (!own) return false;
      if (!request?.answer) {
        this.takeLate(room, own, requests.take(number));
        return false;
      }
      if (!roster.has(room)) roster.load(room, members);
      return this.seat(room, own, number);
    }
    const ids = new Set(members.map(({ peer }) => peer.id));
    for (const { peer, node: itsNode } of roster.members(room)) {
      if (!ids.has(peer.id)) this.takeLeft(room, peer.id, itsNode ?? node);
    }
    for (const member of members) {
      const { id } = member.peer;
      if (member.node !== undefined) this.takeOther(room, member);
      else if (!this.isExpected(id, room)) giveUp(id, room);
    }
    return false;
  }
}
