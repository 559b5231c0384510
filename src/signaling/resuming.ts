/** Taking over a seat with a ticket. */

import { coversRoom } from "../auth/authenticator.ts";
import { grantIce } from "../ice/grant.ts";
import type { Peer, Resumed } from "../protocol/messages.ts";
import { parseResume, refuse } from "../protocol/parse.ts";
import type { Member } from "../rooms/registry.ts";
import { write } from "./delivery.ts";
import type { Handler, Respond, SignalingSocket } from "./dispatch.ts";
import type { MembershipDeps } from "./membership.ts";
import { peersFor } from "./presence.ts";
import { refuseFor } from "./refusals.ts";
import type { Session } from "./session.ts";
import type { Ticket } from "./tickets.ts";

/** Creates the handler of `resume`. */
export function createResume(deps: MembershipDeps): Handler {
  const { rooms, sessions, presence, ice, options, now } = deps;

  return async (socket, [request]) => {
    const parsed = parseResume(request);
    if (!parsed.ok) return parsed;
    const { claims } = socket.data;
    if ((await rooms.roomOf(sessions.idOf(socket))) !== undefined) {
      return refuse("bad_request", "this connection is in a room already; leave it first");
    }
    const ticket = sessions.read(parsed.value.ticket, claims?.subject);
    if (!ticket) return refuseFor("resume_failed");
    if (claims && !coversRoom(claims, ticket.room)) return refuseFor("forbidden");
    // Whoever is gone already must not take the seat from a connection that is open.
    if (!socket.connected) return refuseFor("resume_failed");
    const session = sessions.find(ticket) ?? sessions.restore(ticket);
    if (!session || !(await sessions.claim(session, socket))) return refuseFor("resume_failed");
    const isSeated = (await rooms.roomOf(session.id)) !== undefined;
    if (!isSeated && !(await takeSeat(session, socket, ticket))) return refuseFor("resume_failed");
    return answer(session, socket, ticket, parsed.value.received, isSeated);
  };

  /** Joins the room again that the ticket is for, after a restart. False if that is refused. */
  async function takeSeat(
    session: Session,
    { data: { claims } }: SignalingSocket,
    { room, name, candidateLists, wantsMetadata }: Ticket,
  ): Promise<boolean> {
    const peer: Peer = {
      id: session.id,
      name,
      ...(claims && options.shareSubject && { subject: claims.subject }),
    };
    const subject = claims?.subject;
    const member: Member = { peer, candidateLists, wantsMetadata, resumable: true, subject };
    const outcome = await rooms.join(member, room);
    if (outcome.ok) presence.joined(room, member, outcome.others);
    else sessions.end(session.id);
    return outcome.ok;
  }

  async function answer(
    session: Session,
    socket: SignalingSocket,
    ticket: Ticket,
    received: number,
    isSeated: boolean,
  ): Promise<Respond> {
    const isLost = session.isStale(ticket) || session.outbox?.after(received) === undefined;
    const from = isLost ? 0 : received;
    // Before the members are asked for: of what changes from then on, nothing may be missed.
    const hasBegunAnew = session.isStale(ticket) && session.outbox?.after(0) !== undefined;
    if (isLost && !hasBegunAnew) sessions.beginAnew(session, ticket);
    const members = await rooms.membersOf(ticket.room);
    const member = members.find(({ peer }) => peer.id === session.id);
    const others = members.filter((other) => other !== member);

    // In one step, so that nothing is sent twice or in between.
    return (send) => {
      if (!member || !sessions.isClaimedBy(session, socket)) {
        return send(refuseFor("resume_failed"));
      }
      const missed = session.outbox?.after(from);
      const { isAway } = session;
      if (!missed) {
        // Too much was sent to it meanwhile. It comes back, and is told what it has lost.
        sessions.attach(session, socket);
        socket.data.comesBack = true;
        return void socket.conn.close();
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
    };
  }
}
