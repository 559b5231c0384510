/** What clients tell of how their calls went. It is theirs to say: nothing depends on it. */

import type { AddressedCallReport } from "../protocol/call-report.ts";
import { parseCallReport } from "../protocol/parse.ts";
import type { RoomRegistry } from "../rooms/registry.ts";
import { RecentMap } from "./recent-map.ts";
import { refuseFor } from "./refusals.ts";
import type { Sessions } from "./sessions.ts";
import type { Handler } from "./socket.ts";

/** A report with the peer that has sent it, and its room. */
export type ReceivedCallReport = AddressedCallReport & {
  readonly room: string;
  readonly from: string;
};

/** Dependencies of the reports. */
export interface CallReportsDeps {
  rooms: RoomRegistry;
  sessions: Sessions;
  /** Gets what is accepted. */
  onReport: (report: ReceivedCallReport) => void;
  /** Unix milliseconds. */
  now: () => number;
}

/** Takes reports. */
export interface CallReports {
  /** The handler of `call_report`. */
  readonly report: Handler;
  /** To be called when a peer has left a room, of whatever node: for a minute it can still be reported on. */
  departed(room: string, id: string): void;
}

/** Peers that have left can be reported on for a minute; some 400 bytes each. */
const DEPARTED = { forMs: 60_000, max: 10_000 };
/** How many reports of one peer about another count within an hour. A call has three: it fails, connects after all, and ends. */
const MAX_PER_PAIR = 6;
const ACCEPTED = { forMs: 3_600_000, max: 50_000 };

/** Creates what takes reports. */
export function createCallReports({
  rooms,
  sessions,
  onReport,
  now,
}: CallReportsDeps): CallReports {
  /** When each has left, by room and id. */
  const departedAtMs = new RecentMap<number>(DEPARTED, now);
  /** How many reports were accepted, by sender and the peer that they are about. */
  const accepted = new RecentMap<number>(ACCEPTED, now);

  const report: Handler = async (socket, [input]) => {
    const parsed = parseCallReport(input);
    if (!parsed.ok) return parsed;
    const { to } = parsed.value;
    const from = sessions.idOf(socket);
    const room = await rooms.roomOf(from);
    if (room === undefined) return refuseFor("not_in_room");
    const route = await rooms.route(from, to);
    if (!route.ok) {
      const hasJustLeft = route.code === "peer_not_found" && to !== from && isKnown(room, to);
      if (!hasJustLeft) return refuseFor(route.code);
    }
    if (isWithinLimit(from, to)) onReport({ ...parsed.value, room, from });
    return { ok: true };
  };

  function isKnown(room: string, id: string): boolean {
    const leftAtMs = departedAtMs.get(keyOf(room, id));
    return leftAtMs !== undefined && now() - leftAtMs < DEPARTED.forMs;
  }

  function isWithinLimit(from: string, to: string): boolean {
    const count = accepted.get(keyOf(from, to)) ?? 0;
    if (count >= MAX_PER_PAIR) return false;
    accepted.set(keyOf(from, to), count + 1);
    return true;
  }

  return { report, departed: (room, id) => departedAtMs.set(keyOf(room, id), now()) };
}

/** Neither names of rooms nor ids have blanks. */
const keyOf = (one: string, other: string) => `${one} ${other}`;
