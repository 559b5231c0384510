/** How members are written in Redis. */

import type { Member } from "../registry.ts";

/** A seat as it was read. */
export interface Seat {
  /** Has `node` and `room`, unless it is of this node. */
  readonly member: Member;
  /** The lower, the longer it has been there. */
  readonly order: number;
}

/** The arguments of a script that say who takes a seat. */
export function argumentsOf({
  node: _,
  room: __,
  ...member
}: Member): [kind: "p" | "r", text: string] {
  return [member.resumable ? "r" : "p", JSON.stringify(member)];
}

/** Reads a seat in a room; `me` is this node. */
export function parseSeat(room: string, text: string, me: string): Seat {
  const [, node = "", order = "", json = ""] = /^(\S+) (\S+) \S+ \S+ (.*)$/s.exec(text) ?? [];
  const member: Member = JSON.parse(json);
  return { member: node === me ? member : { ...member, node, room }, order: Number(order) };
}

/** Reads all seats of a room, longest-standing first, out of ids and seats in turn. */
export function parseSeats(room: string, fields: readonly string[], me: string): Member[] {
  const texts = fields.filter((_, index) => index % 2 === 1);
  const seats = texts.map((text) => parseSeat(room, text, me));
  return seats.sort((a, b) => a.order - b.order).map(({ member }) => member);
}
