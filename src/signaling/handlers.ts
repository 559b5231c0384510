/** The protocol's events: join, leave, disconnect, and the relay of what peers say to each other. */

import { type Authenticator, coversRoom } from "../auth/authenticator.ts";
import { createSparseLog } from "../connections/sparse-log.ts";
import { grantIce } from "../ice/grant.ts";
import type { IceOptions } from "../ice/options.ts";
import type { Logger } from "../logger.ts";
import type {
  Ack,
  ClientToServerEvents,
  Delivered,
  IceGrant,
  Joined,
  Peer,
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
import type { Departure, RoomRegistry } from "../rooms/registry.ts";
import { createScreen } from "./address-screen.ts";
import {
  type Handler,
  type SignalingIo,
  type SignalingSocket,
  type SocketDeps,
  serveSockets,
} from "./dispatch.ts";

/** Sockets to emit to, as Socket.IO addresses them. */
type Receivers = Pick<SignalingSocket, "emit">;

/** What the events need from elsewhere. */
export interface SignalingDeps {
  rooms: RoomRegistry;
  /** Undefined where everybody may come in. */
  authenticate: Authenticator | undefined;
  ice: IceOptions;
  limits: SocketDeps["limits"];
  onFlood: SocketDeps["onFlood"];
  /** Unix milliseconds. */
  now: () => number;
  log: Logger;
}

/** Lines of who joined and left. */
const LOGGED = { perSecond: 10, burst: 100 };

const REFUSALS = {
  room_full: "the room is full",
  not_in_room: "you are in no room; join one first",
  // The same words for an unknown id and one in another room: nobody learns who is elsewhere.
  peer_not_found: "there is no such peer in your room",
  forbidden: "your token doesn't cover this room",
} as const;

/** Serves the protocol on every socket that connects to `io` from now on. */
export function registerSignaling(io: SignalingIo, deps: SignalingDeps): void {
  const { rooms, authenticate, ice, limits, onFlood, now, log } = deps;
  const { iceTransportPolicy } = ice;
  const screen = createScreen(iceTransportPolicy);
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
            const others = to(peers.filter((peer) => !takesLists(peer)));
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

  serveSockets(io, { handlers, onGone: depart, onFlood, limits, log });

  async function join(socket: SignalingSocket, request: unknown): Promise<Ack<Joined>> {
    const parsed = parseJoin(request);
    if (!parsed.ok) return parsed;
    const { room } = parsed.value;
    const { claims } = socket.data;
    if (claims && !coversRoom(claims, room)) return refuse("forbidden", REFUSALS.forbidden);
    const self: Peer = { id: socket.id, name: claims?.name ?? parsed.value.name };
    const outcome = await rooms.join(self, room);
    if (!outcome.ok) return refuse(outcome.reason, REFUSALS[outcome.reason]);
    const { others, rejoined, departure } = outcome;
    socket.data.candidateLists = parsed.value.candidateLists;
    announceExit(socket.id, departure);
    if (!rejoined) {
      logMember({ peer: socket.id, room, peers: others.length + 1 }, "joined");
      to(others)?.emit("user_joined", self);
    }
    socket.emit("room_users", others);
    const { iceServers } = grantIce(ice, socket.id, now());
    return { ok: true, self, users: others, iceServers, iceTransportPolicy };
  }

  async function renewIce(socket: SignalingSocket): Promise<Ack<IceGrant>> {
    const route = await rooms.route(socket.id);
    if (!route.ok) return refuse(route.reason, REFUSALS[route.reason]);
    return { ok: true, ...grantIce(ice, socket.id, now()) };
  }

  /** Where no tokens are asked for, any will do, as when connecting. */
  async function refreshToken(socket: SignalingSocket, token: unknown): Promise<Ack> {
    if (!authenticate) return { ok: true };
    const verdict = await authenticate(token);
    if (!verdict.ok) return refuse("unauthorized", verdict.reason);
    if (verdict.claims.subject !== socket.data.claims?.subject) {
      return refuse("forbidden", "the token is for somebody else");
    }
    const room = await rooms.roomOf(socket.id);
    if (room !== undefined && !coversRoom(verdict.claims, room)) {
      return refuse("forbidden", REFUSALS.forbidden);
    }
    socket.data.claims = verdict.claims;
    return { ok: true };
  }

  async function depart(id: string): Promise<void> {
    announceExit(id, await rooms.leave(id));
  }

  function announceExit(id: string, departure: Departure | undefined): void {
    if (!departure) return;
    logMember({ peer: id, room: departure.room, peers: departure.remaining.length }, "left");
    to(departure.remaining)?.emit("user_exit", { id });
  }

  /** What offer, answer and candidate have in common: `send` gets those that what may `pass` is for. */
  async function relay<T>(
    socket: SignalingSocket,
    payload: Parsed<T>,
    pass: (payload: T) => T | undefined,
    target: unknown,
    send: (peers: readonly Peer[], payload: T, sender: Sender) => void,
  ): Promise<Ack<Delivered>> {
    if (!payload.ok) return payload;
    const addressee = parseTarget(target);
    if (!addressee.ok) return addressee;
    const route = await rooms.route(socket.id, addressee.value);
    if (!route.ok) return refuse(route.reason, REFUSALS[route.reason]);
    const passed = pass(payload.value);
    if (passed === undefined) return { ok: true, delivered: 0 };
    send(route.receivers, passed, { from: socket.id });
    return { ok: true, delivered: route.receivers.length };
  }

  /** One who is gone, or on another server, takes them one by one, as everyone does. */
  function takesLists({ id }: Peer): boolean {
    return io.sockets.sockets.get(id)?.data.candidateLists === true;
  }

  /**
   * Addresses exactly these peers, each by its own channel. Rooms are never given to Socket.IO:
   * the registry alone says who is where. Nobody is nobody; Socket.IO reads `[]` as everyone.
   */
  function to(peers: readonly Peer[]): Receivers | undefined {
    const [peer] = peers;
    if (!peer) return undefined;
    // A single one that is connected here needs no adapter.
    const socket = peers.length === 1 ? io.sockets.sockets.get(peer.id) : undefined;
    return socket ?? io.to(peers.map(({ id }) => id));
  }
}
