/** The handlers of the protocol's events: joining, leaving, and relaying messages between peers. */

import { type Authenticator, coversRoom } from "../auth/authenticator.ts";
import { createSparseLog } from "../connections/sparse-log.ts";
import { grantIce } from "../ice/grant.ts";
import type { IceOptions } from "../ice/options.ts";
import type { Logger } from "../log/logger.ts";
import type {
  Ack,
  ClientToServerEvents,
  Delivered,
  IceGrant,
  Joined,
  Peer,
  Refused,
  Sender,
} from "../protocol/messages.ts";
import {
  type Parsed,
  parseCandidate,
  parseCandidates,
  parseDescription,
  parseJoin,
  parseTarget,
  refuse,
} from "../protocol/parse.ts";
import type { Departure, Member, RoomRegistry } from "../rooms/registry.ts";
import { createScreen } from "./address-screen.ts";
import type { Handler, SignalingIo, SignalingSocket } from "./dispatch.ts";
import type { Listeners, PeerEvent } from "./events.ts";
import { createAddressing } from "./receivers.ts";

/** Dependencies of the handlers. */
export interface SignalingDeps {
  rooms: RoomRegistry;
  /** Undefined if no tokens are required. */
  authenticate: Authenticator | undefined;
  ice: IceOptions;
  /** The application's listeners. */
  listeners: Listeners;
  /** Unix milliseconds. */
  now: () => number;
  log: Logger;
}

/** At most 10 joins and leaves are logged per second, after a burst of 100. */
const LOGGED = { perSecond: 10, burst: 100 };

const REFUSALS = {
  room_full: "the room is full",
  room_closed: "the room was closed; try again later",
  not_in_room: "you are in no room; join one first",
  // The same text for an unknown id and one in another room, so that it doesn't reveal who is elsewhere.
  peer_not_found: "there is no such peer in your room",
  forbidden: "you may not join this room",
} as const;

/** The handlers by event, and the one for a disconnect. */
export interface SignalingHandlers {
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly onGone: (id: string) => Promise<void>;
}

/** Creates the handlers. They send to peers through `io`. */
export function createHandlers(io: SignalingIo, deps: SignalingDeps): SignalingHandlers {
  const { rooms, authenticate, ice, listeners, now, log } = deps;
  const { iceTransportPolicy } = ice;
  const screen = createScreen(iceTransportPolicy);
  const to = createAddressing(io);
  const logMember = createSparseLog((fields, message) => log.info(fields, message), LOGGED);
  const handlers = new Map<string, Handler>(
    Object.entries({
      join: (socket, [request]) => join(socket, request),
      offer: (socket, [description, target]) =>
        relay(socket, parseDescription(description), screen.description, target, (peers, ...sent) =>
          to(peers)?.emit("getOffer", ...sent),
        ),
      answer: (socket, [description, target]) =>
        relay(socket, parseDescription(description), screen.description, target, (peers, ...sent) =>
          to(peers)?.emit("getAnswer", ...sent),
        ),
      candidate: (socket, [candidate, target]) =>
        relay(socket, parseCandidate(candidate), screen.candidate, target, (peers, ...sent) =>
          to(peers)?.emit("getCandidate", ...sent),
        ),
      candidates: (socket, [candidates, target]) =>
        relay(
          socket,
          parseCandidates(candidates),
          screen.candidates,
          target,
          (peers, sent, sender) => {
            to(peers.filter(takesLists))?.emit("getCandidates", sent, sender);
            const others = to(peers.filter((member) => !takesLists(member)));
            for (const candidate of sent) others?.emit("getCandidate", candidate, sender);
          },
        ),
      leave: async (socket) => {
        await depart(socket.id);
        return { ok: true };
      },
      ice_servers: (socket) => renewIce(socket),
      refresh_token: (socket, [token]) => refreshToken(socket, token),
    } satisfies Record<keyof ClientToServerEvents, Handler>),
  );

  return { handlers, onGone: depart };

  async function join(socket: SignalingSocket, request: unknown): Promise<Ack<Joined>> {
    const parsed = parseJoin(request);
    if (!parsed.ok) return parsed;
    const { room } = parsed.value;
    const { claims } = socket.data;
    const self: Peer = { id: socket.id, name: claims?.name ?? parsed.value.name };
    const { candidateLists } = parsed.value;
    const member: Member = { peer: self, candidateLists, subject: claims?.subject };
    if (claims && !coversRoom(claims, room)) return refuseJoin("forbidden", room, member);
    const outcome = await rooms.join(member, room);
    if (!outcome.ok) return refuseJoin(outcome.code, room, member);
    const { others, rejoined, departure } = outcome;
    announceExit(departure);
    if (!rejoined) {
      logMember({ peer: socket.id, room, peers: others.length + 1 }, "joined");
      to(others)?.emit("user_joined", self);
      listeners.emit("joined", eventOf(room, member));
    }
    const users = others.map(({ peer }) => peer);
    socket.emit("room_users", users);
    const { iceServers } = grantIce(ice, socket.id, now());
    return { ok: true, self, users, iceServers, iceTransportPolicy };
  }

  function refuseJoin(code: keyof typeof REFUSALS, room: string, member: Member): Refused {
    listeners.emit("refused", { ...eventOf(room, member), code });
    return refuse(code, REFUSALS[code]);
  }

  async function renewIce(socket: SignalingSocket): Promise<Ack<IceGrant>> {
    const route = await rooms.route(socket.id);
    if (!route.ok) return refuse(route.code, REFUSALS[route.code]);
    return { ok: true, ...grantIce(ice, socket.id, now()) };
  }

  /** If no tokens are required, any is accepted, as on connecting. */
  async function refreshToken(socket: SignalingSocket, token: unknown): Promise<Ack> {
    if (!authenticate) return { ok: true };
    const verdict = await authenticate(token);
    if (!verdict.ok) return refuse("unauthorized", verdict.reason);
    if (verdict.claims.subject !== socket.data.claims?.subject) {
      return refuse("forbidden", "the token is for somebody else");
    }
    const room = await rooms.roomOf(socket.id);
    if (room !== undefined && !coversRoom(verdict.claims, room)) {
      return refuse("forbidden", "the token doesn't cover the room that you are in");
    }
    socket.data.claims = verdict.claims;
    return { ok: true };
  }

  async function depart(id: string): Promise<void> {
    announceExit(await rooms.leave(id));
  }

  function announceExit(departure: Departure | undefined): void {
    if (!departure) return;
    const { room, member, remaining } = departure;
    const { id } = member.peer;
    logMember({ peer: id, room, peers: remaining.length }, "left");
    to(remaining)?.emit("user_exit", { id });
    listeners.emit("left", eventOf(room, member));
  }

  /** Relays a payload: `pass` filters it, and `send` gets the receivers and what is left of it. */
  async function relay<T>(
    socket: SignalingSocket,
    payload: Parsed<T>,
    pass: (payload: T) => T | undefined,
    target: unknown,
    send: (receivers: readonly Member[], payload: T, sender: Sender) => void,
  ): Promise<Ack<Delivered>> {
    if (!payload.ok) return payload;
    const addressee = parseTarget(target);
    if (!addressee.ok) return addressee;
    const route = await rooms.route(socket.id, addressee.value);
    if (!route.ok) return refuse(route.code, REFUSALS[route.code]);
    const passed = pass(payload.value);
    if (passed === undefined) return { ok: true, delivered: 0 };
    send(route.receivers, passed, { from: socket.id });
    return { ok: true, delivered: route.receivers.length };
  }
}

const takesLists = ({ candidateLists }: Member) => candidateLists;

function eventOf(room: string, { peer, subject }: Member): PeerEvent {
  return { peer: peer.id, room, ...(subject !== undefined && { subject }) };
}
