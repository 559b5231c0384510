/** What the members of a room, the application and the log are told about who comes and goes. */

import { createSparseLog } from "../connections/sparse-log.ts";
import type { Logger } from "../log/logger.ts";
import type { Monitor } from "../monitoring/monitor.ts";
import type { Peer } from "../protocol/messages.ts";
import type { Departure, Member } from "../rooms/registry.ts";
import type { CallReports } from "./call-reports.ts";
import type { Deliver } from "./delivery.ts";
import type { Listeners, PeerEvent } from "./events.ts";

/** Tells about a peer. Who comes and goes is told by each node to its own peers, the rest by the peer's node to all. */
export interface Presence {
  joined(room: string, member: Member, others: readonly Member[]): void;
  left(departure: Departure): void;
  /** Its connection is lost, its seat is kept. */
  away(id: string, others: readonly Member[]): void;
  /** It is back; with `gap`, messages to and from it may be lost. */
  back(id: string, others: readonly Member[], gap: boolean): void;
}

/** Dependencies of telling. */
export interface PresenceDeps {
  deliver: Deliver;
  /** The application's listeners. */
  listeners: Listeners;
  monitor: Monitor | undefined;
  callReports: CallReports;
  log: Logger;
}

/** At most 10 joins and leaves are logged per second, after a burst of 100. */
const LOGGED = { perSecond: 10, burst: 100 };

/** Creates what tells. */
export function createPresence(deps: PresenceDeps): Presence {
  const { deliver, listeners, callReports, monitor, log } = deps;
  const logMember = createSparseLog((fields, message) => log.info(fields, message), LOGGED);
  const resumable = (members: readonly Member[]) => members.filter((member) => member.resumable);

  return {
    joined: (room, member, others) => {
      const { peer } = member;
      const here = others.filter(isHere);
      const [informed, uninformed] = partition(here, ({ wantsMetadata }) => wantsMetadata);
      deliver(informed, "user_joined", peer);
      deliver(uninformed, "user_joined", withoutMetadata(peer));
      if (!isHere(member)) return;
      logMember({ peer: peer.id, room, peers: others.length + 1 }, "joined");
      monitor?.joined(room, peer.id);
      listeners.emit("joined", eventOf(room, member));
    },

    left: ({ room, member, remaining }) => {
      const { id } = member.peer;
      callReports.departed(room, id);
      deliver(remaining.filter(isHere), "user_exit", { id });
      if (!isHere(member)) return;
      logMember({ peer: id, room, peers: remaining.length }, "left");
      monitor?.left(room, id);
      listeners.emit("left", eventOf(room, member));
    },

    away: (id, others) => {
      deliver(resumable(others), "user_away", { id });
      monitor?.away(id);
    },

    back: (id, others, gap) =>
      deliver(resumable(others), "user_back", { id, ...(gap && { gap: true as const }) }),
  };
}

const isHere = ({ node }: Member) => node === undefined;

/** The event for the application about a member of a room. */
export function eventOf(room: string, { peer, subject }: Member): PeerEvent {
  return { peer: peer.id, room, ...(subject !== undefined && { subject }) };
}

/** The peers as a member is told about them. */
export function peersFor(member: Member, others: readonly Member[]): Peer[] {
  return others.map(({ peer }) => (member.wantsMetadata ? peer : withoutMetadata(peer)));
}

function withoutMetadata(peer: Peer): Peer {
  if (peer.metadata === undefined) return peer;
  const { metadata, ...rest } = peer;
  return rest;
}

/** Those that pass the test, and the others. */
export function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  const passed: T[] = [];
  const failed: T[] = [];
  for (const item of items) (test(item) ? passed : failed).push(item);
  return [passed, failed];
}
