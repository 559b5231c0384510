/** What clients tell of how their calls went. It is theirs to say: nothing depends on it. */

import type { AddressedCallReport } from "../protocol/call-report.ts";
import { parseCallReport } from "../protocol/parse.ts";
import type { RoomRegistry } from "../rooms/registry.ts";
import type { Handler } from "./dispatch.ts";
import { refuseFor } from "./refusals.ts";
import type { Sessions } from "./sessions.ts";

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

/** For how long a peer that has left can be reported on. */
const DEPARTED_MS = 60_000;
/** As many peers that have left are known at least, if there are that many; some 400 bytes each. */
const MAX_DEPARTED = 20_000;
/** A call has three: it fails, connects after all, and ends. A peer that comes again has another call. */
const MAX_PER_PEER = 6;
const PER_MS = 3_600_000;

/** How many reports of one sender about each peer were accepted. */
interface Accepted {
  readonly byPeer: Map<string, number>;
  readonly untilMs: number;
}

/** Creates what takes reports. */
export function createCallReports({
  rooms,
  sessions,
  onReport,
  now,
}: CallReportsDeps): CallReports {
  /** Until when peers that have left are known, by room and id: those of late, and those before them. */
  let departedUntilMs = new Map<string, number>();
  let departedBefore = departedUntilMs;
  let isFullAtMs = now() + DEPARTED_MS;
  /** By sender; in the order in which they are forgotten. */
  const accepted = new Map<string, Accepted>();

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

  function departed(room: string, id: string): void {
    accepted.delete(id);
    if (departedUntilMs.size >= MAX_DEPARTED || now() >= isFullAtMs) {
      departedBefore = departedUntilMs;
      departedUntilMs = new Map();
      isFullAtMs = now() + DEPARTED_MS;
    }
    departedUntilMs.set(keyOf(room, id), now() + DEPARTED_MS);
  }

  function isKnown(room: string, id: string): boolean {
    const key = keyOf(room, id);
    return (departedUntilMs.get(key) ?? departedBefore.get(key) ?? 0) > now();
  }

  function isWithinLimit(from: string, to: string): boolean {
    // Those of senders that have moved to another node are forgotten by this alone.
    for (const [oldest, { untilMs }] of accepted) {
      if (untilMs > now()) break;
      accepted.delete(oldest);
    }
    const { byPeer, untilMs } = accepted.get(from) ?? {
      byPeer: new Map(),
      untilMs: now() + PER_MS,
    };
    accepted.set(from, { byPeer, untilMs });
    const count = byPeer.get(to) ?? 0;
    byPeer.set(to, count + 1);
    return count < MAX_PER_PEER;
  }

  return { report, departed };
}

/** Names of rooms have no blanks. */
const keyOf = (room: string, id: string) => `${room} ${id}`;
