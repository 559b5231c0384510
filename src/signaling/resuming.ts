/** Taking over a seat with a ticket. */

import { coversRoom } from "../auth/authenticator.ts";
import { grantIce } from "../ice/grant.ts";
import type { Peer, Resumed } from "../protocol/messages.ts";
import { parseResume, refuse } from "../protocol/parse.ts";
import { write } from "./delivery.ts";
import type { MembershipDeps } from "./membership.ts";
import { peersFor } from "./presence.ts";
import { type RoomRefusal, refuseFor } from "./refusals.ts";
import type { Session } from "./session.ts";
import type { Handler, Outcome, Send, SignalingSocket } from "./socket.ts";
import { nameOf, type Ticket } from "./tickets.ts";

type Found = { ok: true; session: Session } | { ok: false; code: "resume_failed" | "unavailable" };

/** Creates the handler of `resume`. */
export function createResume(deps: MembershipDeps): Handler {
  const { rooms, sessions, tickets, presence, monitor, ice, options, now } = deps;

  return async (socket, [request], { send }) => {
    const parsed = parseResume(request);
    if (!parsed.ok) return parsed;
    const { claims } = socket.data;
    if ((await rooms.roomOf(sessions.idOf(socket))) !== undefined) {
      return refuse("bad_request", "this connection is in a room already; leave it first");
    }
    const ticket = tickets.read(parsed.value.ticket, claims?.subject);
    if (!ticket || !sessions.isEnabled) return refuseFor("resume_failed");
    const outcome = await takeOver(socket, ticket, parsed.value.received, send);
    if (outcome && !outcome.ok) {
      monitor?.refused("resume", ticket.room, ticket.id, outcome.error.code);
    }
    return outcome;
  };

  async function takeOver(
    socket: SignalingSocket,
    ticket: Ticket,
    received: number,
    send: Send,
  ): Promise<Outcome> {
    const { claims } = socket.data;
    if (claims && !coversRoom(claims, ticket.room)) return refuseFor("forbidden");
    // Whoever is gone already must not take the seat from a connection that is open.
    if (!socket.connected) return refuseFor("resume_failed");
    const found = await findSession(ticket);
    if (!found.ok) return refuseFor(found.code);
    const { session } = found;
    if (!(await sessions.claim(session, socket))) return refuseFor("resume_failed");
    const isSeated = (await rooms.roomOf(session.id)) !== undefined;
    const code = isSeated ? undefined : await takeSeat(session, socket, ticket);
    if (code) return refuseFor(code);
    return answer(session, socket, ticket, { received, isSeated, send });
  }

  /** The session that a ticket is for: of this process, of another node, or of the process before. */
  async function findSession(ticket: Ticket): Promise<Found> {
    // Even if there is one here: another node may have taken it over since.
    const claim = await rooms.claim(ticket.id, ticket.room, nameOf(ticket));
    if (claim.ok) return { ok: true, session: sessions.adopt(ticket) };
    const { code } = claim;
    if (code === "resume_failed") return { ok: false, code };
    const known = sessions.find(ticket);
    if (known) return { ok: true, session: known };
    if (code === "unavailable") return { ok: false, code };
    const session = code === "not_in_room" ? restore(ticket) : undefined;
    return session ? { ok: true, session } : { ok: false, code: "resume_failed" };
  }

  /** Begins the session of a ticket of the process before; undefined if it is too late, or was done before. */
  function restore(ticket: Ticket): Session | undefined {
    const mayRestore =
      !sessions.get(ticket.id) && tickets.mayRestore(ticket, options.resumeGraceMs);
    return mayRestore ? sessions.adopt(ticket) : undefined;
  }

  /** Joins the room again that the ticket is for, after a restart. Returns why not. */
  async function takeSeat(
    session: Session,
    { data: { claims } }: SignalingSocket,
    { room, name, candidateLists, wantsMetadata }: Ticket,
  ): Promise<RoomRefusal | undefined> {
    const peer: Peer = {
      id: session.id,
      name,
      ...(claims && options.shareSubject && { subject: claims.subject }),
    };
    const subject = claims?.subject;
    const joinedAtMs = now();
    const member = { peer, candidateLists, wantsMetadata, resumable: true, subject, joinedAtMs };
    const outcome = await rooms.join(member, room);
    if (outcome.ok) {
      tickets.noteRestored(session.id);
      if (!outcome.rejoined) presence.joined(room, member, outcome.others);
      return undefined;
    }
    sessions.end(session.id);
    return outcome.code === "unavailable" ? "unavailable" : "resume_failed";
  }

  async function answer(
    session: Session,
    socket: SignalingSocket,
    ticket: Ticket,
    { received, isSeated, send }: { received: number; isSeated: boolean; send: Send },
  ): Promise<Outcome> {
    const isLost = session.isStale(ticket) || session.outbox?.after(received) === undefined;
    const from = isLost ? 0 : received;
    // Before the members are asked for: of what changes from then on, nothing may be missed.
    const hasBegunAnew = session.isStale(ticket) && session.outbox?.after(0) !== undefined;
    if (isLost && !hasBegunAnew) sessions.beginAnew(session, ticket);
    const members = await rooms.membersOf(ticket.room);
    const member = members.find(({ peer }) => peer.id === session.id);
    const others = members.filter((other) => other !== member);

    // In one step from here on, so that nothing is sent twice or in between.
    if (!member || !sessions.isClaimedBy(session, socket)) return refuseFor("resume_failed");
    const missed = session.outbox?.after(from);
    const { isAway } = session;
    if (!missed) {
      // Too much was sent to it meanwhile. It comes back, and is told what it has lost.
      sessions.attach(session, socket);
      socket.data.comesBack = true;
      socket.conn.close();
      return undefined;
    }
    const { iceServers } = grantIce(ice, session.id, now());
    const resumed: Resumed = {
      self: member.peer,
      users: peersFor(member, others),
      iceServers,
      iceTransportPolicy: ice.iceTransportPolicy,
      resume: {
        ticket: sessions.issue(member, ticket.room, ticket) ?? "",
        graceMs: options.resumeGraceMs,
      },
      received: isLost ? null : session.arrived,
    };
    session.outbox?.confirm(from);
    send({ ok: true, ...resumed });
    for (const frame of missed) write(socket, frame);
    sessions.attach(session, socket);
    if (isSeated && (isAway || isLost)) presence.back(session.id, others, isLost);
    monitor?.resumed(ticket.room, session.id, isLost);
    return undefined;
  }
}
