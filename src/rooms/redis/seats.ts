/** How members are written in Redis. */

import type { Member } from "../registry.ts";

/** A seat as it was read. */
export interface Seat {
  /** Has `node`, unless that is this one. */
  readonly member: Member;
  /** The lower, the longer it has been there. */
  readonly order: number;
}

/** The arguments of a script that say who takes a seat. */
export function argumentsOf({ node: _, ...member }: Member): [kind: "p" | "r", text: string] {
  return [member.resumable ? "r" : "p", JSON.stringify(member)];
}

/** Reads a seat; `me` is this node. */
export function parseSeat(text: string, me: string): Seat {
  const [, node = "", order = "", json = ""] = /^(\S+) (\S+) \S+ \S+ (.*)$/s.exec(text) ?? [];
  const member: Member = JSON.parse(json);
  return { member: node === me ? member : { ...member, node }, order: Number(order) };
}

/** Reads all seats of a room, longest-standing first, out of ids and seats in turn. */
export function parseSeats(fields: readonly string[], me: string): Member[] {
  const seats = fields.filter((_, index) => index % 2 === 1).map((text) => parseSeat(text, me));
  return seats.sort((a, b) => a.order - b.order).map(({ member }) => member);
}
