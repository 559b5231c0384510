/** What this node is told by its inbox, entry by entry. */

import type { ClaimOutcome, Departure, JoinOutcome, Member, RoomListeners } from "../registry.ts";
import type { Links } from "./links.ts";
import type { Entry } from "./reader.ts";
import type { Requests } from "./requests.ts";
import type { Roster } from "./roster.ts";
import { parseSeat, parseSeats } from "./seats.ts";

/** What becomes of a request for a seat. */
export type Answer =
  | Extract<JoinOutcome, { ok: true }>
  | Extract<JoinOutcome | ClaimOutcome, { ok: false }>;

/** What the inbox works with. */
export interface InboxDeps {
  readonly node: string;
  readonly roster: Roster;
  readonly requests: Requests<Answer>;
  readonly links: Links;
  /** Has all members of a room put into the inbox; `request` waits for them, unless it is "". */
  compare(room: string, request: string): void;
  compareAll(): void;
  /** Removes a seat that nobody waits for any more. */
  giveUp(id: string, room: string): void;
  reportFault(error: unknown): unknown;
}

/** Between nodes, beside the events for peers: messages were lost. */
const GAP = "gap";

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

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
      case "msg":
        this.takeMessage(entry);
        return false;
      case "ack":
        this.deps.links.takeConfirmation(entry);
        return false;
      case "left":
        this.takeLeft(field("r"), field("i"), field("n"));
        return false;
      case "no":
        return this.deps.requests.answer(field("q"), refusal(field("c")));
      case "room":
        return this.takeRoom(field("r"), field("q"), field("a"));
      case "seat": {
        const { member } = parseSeat(field("s"), this.deps.node);
        if (member.node !== undefined) return this.takeOther(field("r"), member);
        return this.takeOwn(field("r"), member, field("q"), field("a"));
      }
      default:
        throw new Error(`unknown entry of type ${entry.get("t")}`);
    }
  }

  /** A peer of this node has its seat, with the members of the room if they aren't known. */
  private takeOwn(room: string, member: Member, request: string, members: string): boolean {
    const { roster, requests } = this.deps;
    const { id } = member.peer;
    if (requests.waiting(request) !== id) {
      if (requests.isUndecided(id, request)) this.takeLate(room, member);
      return false;
    }
    if (!roster.has(room)) {
      if (members === "") {
        this.deps.compare(room, request);
        return false;
      }
      roster.load(room, parseSeats(JSON.parse(members), this.deps.node));
    }
    return this.seat(room, member, request);
  }

  private seat(room: string, member: Member, request: string): boolean {
    const { roster, requests } = this.deps;
    const { id } = member.peer;
    const before = roster.roomOf(id);
    let departure: Departure | undefined;
    if (before !== undefined && before !== room) departure = roster.vacate(before, id);
    roster.seat(room, member);
    const others = roster.others(room, id);
    return requests.answer(request, { ok: true, others, rejoined: before === room, departure });
  }

  /** A seat for a request that was answered with "unavailable" already. */
  private takeLate(room: string, member: Member): void {
    const { roster, requests, giveUp } = this.deps;
    const { id } = member.peer;
    requests.forget(id);
    const before = roster.roomOf(id);
    if (before === room) roster.seat(room, member);
    else giveUp(id, room);
    // It has lost the seat that it believes to have. Its client comes back and joins anew.
    if (before !== undefined && before !== room) this.lose(roster.vacate(before, id), id);
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
  private takeRoom(room: string, request: string, text: string): boolean {
    const { roster, requests, node } = this.deps;
    const members = parseSeats(JSON.parse(text), node);
    if (request !== "") {
      const id = requests.waiting(request);
      const own = members.find(({ peer }) => peer.id === id);
      if (!own) return false;
      if (!roster.has(room))
        roster.load(
          room,
          members.filter((other) => other !== own),
        );
      return this.seat(room, own, request);
    }
    const ids = new Set(members.map(({ peer }) => peer.id));
    for (const { peer, node: itsNode } of roster.members(room)) {
      if (!ids.has(peer.id)) this.takeLeft(room, peer.id, itsNode ?? node);
    }
    for (const member of members) if (member.node !== undefined) this.takeOther(room, member);
    return false;
  }

  private takeMessage(entry: Entry): void {
    const received = this.deps.links.receive(entry);
    if (!received.isNew) return;
    const { from, isGap, message } = received;
    if (isGap) {
      this.deps.links.send(from, { ids: [], event: GAP, text: "" });
      this.deps.compareAll();
    }
    if (isGap || message.event === GAP) this.tellGap(from);
    if (message.event !== GAP) this.listeners?.message(message.ids, message.event, message.text);
  }

  /** Messages between this node and another one are lost. */
  private tellGap(node: string): void {
    const { roster } = this.deps;
    const pairs = roster.names.flatMap((room) => {
      const members = roster.members(room);
      const others = members.filter((member) => member.node === undefined);
      const theirs = members.filter((member) => member.node === node);
      return theirs.map((member) => [member, others] as const);
    });
    this.listeners?.gap(pairs);
  }
}

function refusal(code: string): Answer {
  const codes = ["room_full", "room_closed", "not_in_room", "resume_failed"] as const;
  return { ok: false, code: codes.find((known) => known === code) ?? "unavailable" };
}
