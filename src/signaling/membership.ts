/** Joining and leaving rooms, and being away from one. */

import { coversRoom } from "../auth/authenticator.ts";
import { grantIce } from "../ice/grant.ts";
import type { IceOptions } from "../ice/options.ts";
import type { Monitor } from "../monitoring/monitor.ts";
import type { Joined, Peer, Refused } from "../protocol/messages.ts";
import { parseJoin, parseMetadata } from "../protocol/parse.ts";
import type { Member, RoomRegistry } from "../rooms/registry.ts";
import type { Deliver } from "./delivery.ts";
import type { Listeners } from "./events.ts";
import { eventOf, type Presence, peersFor } from "./presence.ts";
import { type RoomRefusal, refuseFor } from "./refusals.ts";
import type { Sessions } from "./sessions.ts";
import type { Handler, SignalingSocket } from "./socket.ts";
import type { Tickets } from "./tickets.ts";

/** Dependencies of membership. */
export interface MembershipDeps {
  rooms: RoomRegistry;
  sessions: Sessions;
  tickets: Tickets;
  presence: Presence;
  deliver: Deliver;
  /** The application's listeners. */
  listeners: Listeners;
  monitor: Monitor | undefined;
  ice: IceOptions;
  options: MembershipOptions;
  /** What counts as the address of a connection; undefined if addresses have no limit. */
  addressOf: (socket: SignalingSocket) => string | undefined;
  /** Unix milliseconds. */
  now: () => number;
  /** Gets errors of what no event has asked for. */
  reportFault: (error: unknown) => unknown;
}

/** Options of membership. */
export interface MembershipOptions {
  readonly shareSubject: boolean;
  readonly resumeGraceMs: number;
}

/** The handlers, and what else ends a stay. */
export interface Membership {
  readonly join: Handler;
  readonly leave: Handler;
  readonly setMetadata: Handler;
  /** The connection has ended. */
  readonly onGone: (socket: SignalingSocket, reason: string) => Promise<void>;
  /** Ends the stay of a peer at once, whether it is away or not. */
  readonly depart: (id: string) => Promise<void>;
  /** From now on nobody is announced as gone or away whose connection ends without a goodbye. */
  readonly keepQuiet: () => void;
  /** Ends the stays of those who weren't announced, unless they have been taken over by another node. */
  readonly endSentAway: () => Promise<void>;
}

/** Why a connection ends, in Socket.IO's words, when nobody has wanted it. */
const LOST = new Set(["transport close", "transport error", "ping timeout"]);
const GOODBYE = "client namespace disconnect";

/** Creates the handlers. */
export function createMembership(deps: MembershipDeps): Membership {
  const { rooms, sessions, presence, deliver, listeners, ice, options, addressOf, now } = deps;
  let isQuiet = false;
  /** Peers whose connections have ended since then. They join elsewhere, as far as is known. */
  const sentAway = new Set<string>();

  const join: Handler = async (socket, [request], { before, send }) => {
    const parsed = parseJoin(request);
    if (!parsed.ok) return parsed;
    const { room, name, candidateLists, resume, metadata } = parsed.value;
    const { claims } = socket.data;
    const self: Peer = {
      id: sessions.idOf(socket),
      name: claims?.name ?? name,
      ...(metadata !== undefined && { metadata }),
      ...(claims && options.shareSubject && { subject: claims.subject }),
    };
    const member: Member = {
      peer: self,
      candidateLists,
      resumable: resume && sessions.isEnabled,
      wantsMetadata: metadata !== undefined,
      subject: claims?.subject,
      joinedAtMs: now(),
    };
    if (claims && !coversRoom(claims, room)) return refuseJoin("forbidden", room, member);
    const outcome = await rooms.join(member, room);
    if (!outcome.ok) return refuseJoin(outcome.code, room, member);
    const { others, rejoined, departure } = outcome;
    if (rejoined) deps.monitor?.rejoined(room, self.id);
    if (departure) presence.left(departure);
    if (!rejoined) presence.joined(room, member, others);
    if (socket.data.hasNoSeat || sessions.idOf(socket) !== self.id) {
      // Another node has taken its session over meanwhile; nobody is on this seat.
      if (!sessions.get(self.id)) await depart(self.id);
      return refuseFor("resume_failed");
    }
    sessions.begin(socket, member, before);
    const users = peersFor(member, others);
    socket.emit("room_users", users);
    const ticket = sessions.issue(member, room);
    const { iceServers } = grantIce(ice, self.id, now());
    const joined: Joined = {
      self,
      users,
      iceServers,
      iceTransportPolicy: ice.iceTransportPolicy,
      ...(ticket !== undefined && { resume: { ticket, graceMs: options.resumeGraceMs } }),
    };
    // At once, so that nothing comes between it and `room_users`.
    send({ ok: true, ...joined });
    return undefined;
  };

  function refuseJoin(code: RoomRefusal & Refused["error"]["code"], room: string, member: Member) {
    listeners.emit("refused", { ...eventOf(room, member), code });
    deps.monitor?.refused("join", room, member.peer.id, code);
    return refuseFor(code);
  }

  const leave: Handler = async (socket) => {
    await depart(sessions.idOf(socket));
    return { ok: true };
  };

  const setMetadata: Handler = async (socket, [request]) => {
    const parsed = parseMetadata(request);
    if (!parsed.ok) return parsed;
    const id = sessions.idOf(socket);
    const { metadata } = parsed.value;
    const route = await rooms.setMetadata(id, metadata);
    if (!route.ok) return refuseFor(route.code);
    const informed = route.receivers.filter(({ wantsMetadata }) => wantsMetadata);
    deliver(informed, "user_metadata", { id, metadata });
    return { ok: true };
  };

  async function depart(id: string): Promise<void> {
    sessions.end(id);
    const departure = await rooms.leave(id);
    if (departure) presence.left(departure);
  }

  async function onGone(socket: SignalingSocket, reason: string): Promise<void> {
    if (socket.data.hasNoSeat) return;
    const session = sessions.of(socket);
    // Another connection has taken over.
    if (session && session.socket !== socket) return;
    const id = sessions.idOf(socket);
    if (isQuiet && reason !== GOODBYE) {
      sentAway.add(id);
      return;
    }
    const mayComeBack = LOST.has(reason) || socket.data.comesBack === true;
    const onExpired = () => depart(id).catch(deps.reportFault);
    const isKept = mayComeBack && session && sessions.wait(session, addressOf(socket), onExpired);
    if (!isKept) return depart(id);
    const route = await rooms.route(id);
    // It may have come back meanwhile.
    if (!route.ok || session.socket) return;
    session.isAway = true;
    presence.away(id, route.receivers);
  }

  return {
    join,
    leave,
    setMetadata,
    onGone,
    depart,
    keepQuiet: () => {
      isQuiet = true;
    },
    endSentAway: async () => {
      isQuiet = false;
      for (const id of sentAway) await depart(id).catch(deps.reportFault);
      sentAway.clear();
    },
  };
}
