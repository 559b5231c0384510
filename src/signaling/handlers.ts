/** The handlers of the protocol's events, by name. */

import type { Authenticator } from "../auth/authenticator.ts";
import { coversRoom } from "../auth/authenticator.ts";
import { grantIce } from "../ice/grant.ts";
import type { Ack, ClientToServerEvents, IceGrant } from "../protocol/messages.ts";
import { refuse } from "../protocol/parse.ts";
import type { Screen } from "./address-screen.ts";
import type { CallReports } from "./call-reports.ts";
import type { Membership, MembershipDeps } from "./membership.ts";
import { refuseFor } from "./refusals.ts";
import { createRelay } from "./relaying.ts";
import { createResume } from "./resuming.ts";
import type { Handler, SignalingSocket } from "./socket.ts";

/** Dependencies of the handlers. */
export interface HandlerDeps extends MembershipDeps {
  membership: Membership;
  /** Undefined if no tokens are required. */
  authenticate: Authenticator | undefined;
  screen: Screen;
  callReports: CallReports;
}

/** Creates the handlers. */
export function createHandlers(deps: HandlerDeps): ReadonlyMap<string, Handler> {
  const { membership, rooms, sessions, authenticate, ice, now } = deps;
  return new Map(
    Object.entries({
      ...createRelay(deps),
      join: membership.join,
      leave: membership.leave,
      resume: createResume(deps),
      set_metadata: membership.setMetadata,
      call_report: deps.callReports.report,
      ice_servers: (socket) => renewIce(socket),
      refresh_token: (socket, [token]) => refreshToken(socket, token),
    } satisfies Record<keyof ClientToServerEvents, Handler>),
  );

  async function renewIce(socket: SignalingSocket): Promise<Ack<IceGrant>> {
    const id = sessions.idOf(socket);
    const route = await rooms.route(id);
    if (!route.ok) return refuseFor(route.code);
    return { ok: true, ...grantIce(ice, id, now()) };
  }

  /** If no tokens are required, any is accepted, as on connecting. */
  async function refreshToken(socket: SignalingSocket, token: unknown): Promise<Ack> {
    if (!authenticate) return { ok: true };
    const verdict = await authenticate(token);
    if (!verdict.ok) return refuse("unauthorized", verdict.reason);
    if (verdict.claims.subject !== socket.data.claims?.subject) {
      return refuse("forbidden", "the token is for somebody else");
    }
    const room = await rooms.roomOf(sessions.idOf(socket));
    if (room !== undefined && !coversRoom(verdict.claims, room)) {
      return refuse("forbidden", "the token doesn't cover the room that you are in");
    }
    socket.data.claims = verdict.claims;
    return { ok: true };
  }
}
