/** Signaling on a Socket.IO server: creates its parts and connects them. */

import { setTimeout as pause } from "node:timers/promises";
import {
  type Authenticator,
  createAuthenticator,
  type TokenOptions,
  type Verdict,
} from "../auth/authenticator.ts";
import type { FloodGuard } from "../connections/flood.ts";
import type { IceOptions } from "../ice/options.ts";
import type { Logger } from "../log/logger.ts";
import type { Monitor } from "../monitoring/monitor.ts";
import type { RoomRegistry } from "../rooms/registry.ts";
import { createScreen } from "./address-screen.ts";
import { type Administration, createAdministration, createRemoval } from "./administration.ts";
import { createCallReports, type ReceivedCallReport } from "./call-reports.ts";
import { createDelivery } from "./delivery.ts";
import { serveSockets } from "./dispatch.ts";
import { createDrain, type Drain, type DrainOptions } from "./drain.ts";
import { Listeners } from "./events.ts";
import { createHandlers } from "./handlers.ts";
import { openLane } from "./lane.ts";
import { createMembership, type MembershipOptions } from "./membership.ts";
import { listenToOtherNodes } from "./other-nodes.ts";
import { createPresence } from "./presence.ts";
import { createRoomReports, type RoomReports } from "./room-reports.ts";
import { type ResumeOptions, Sessions, type SessionsDeps } from "./sessions.ts";
import type { SignalingIo, SignalingSocket } from "./socket.ts";
import { Tickets } from "./tickets.ts";
import { type Gate, registerGate } from "./token-gate.ts";

/** The methods for the application. */
export interface ApplicationInterface extends Administration, Pick<Listeners, "on" | "off"> {
  /**
   * Sends all clients elsewhere, before `close`: `GET /ready` answers 503, and after `drainDelayMs` connections are
   * closed one after another, in a way that makes clients reconnect, and no new one is accepted. Nobody is announced
   * as gone. Resolves when all are closed, at the latest after `drainTimeoutMs` more. May be called twice.
   */
  drain(): Promise<void>;
}

/** Options of signaling. */
export interface SignalingOptions
  extends ResumeOptions,
    DrainOptions,
    MembershipOptions,
    IceOptions,
    TokenOptions {}

/** Dependencies of signaling. */
export interface SignalingDeps {
  rooms: RoomRegistry;
  /** How the application decides who may connect; undefined if it doesn't. */
  admit: ((request: SignalingSocket["request"]) => Promise<Verdict>) | undefined;
  floods: FloodGuard;
  monitor: Monitor | undefined;
  /** Gets what clients tell of their calls. */
  onReport: (report: ReceivedCallReport) => void;
  /** Logs an error of the server and returns its id in the log. */
  reportFault: (error: unknown) => string;
  /** Unix milliseconds. */
  now: () => number;
  log: Logger;
  /** Whether to open the lane, which is on by default. */
  lane?: boolean | undefined;
}

/** Signaling that is served. */
export interface Served extends Pick<Drain, "isOpen" | "isReady"> {
  readonly application: ApplicationInterface;
  readonly reports: RoomReports;
  /** How many seats wait for their peers, and the bytes that are kept for peers. */
  readonly kept: () => { seatsAway: number; outboxBytes: number };
  readonly close: () => Promise<void>;
}

/** Serves the protocol on `io`. */
export function serveSignaling(
  io: SignalingIo,
  options: SignalingOptions,
  { rooms, admit, floods, monitor, onReport, reportFault, now, log, lane = true }: SignalingDeps,
): Served {
  const authenticate = createAuthenticator(options);
  const gate = gateBy(admit, authenticate);
  const onRefused = (reason: string) => monitor?.refusedConnection(reason);
  const onExpired = (socket: SignalingSocket) => {
    monitor?.cutOff("expired");
    monitor?.peerCutOff(sessions.idOf(socket), "expired");
  };
  const closeGate = gate && registerGate(io, gate, { now, onRefused, onExpired, log });

  const listeners = new Listeners(reportFault);
  const tickets = new Tickets(options.resumeKey, now);
  const onTickets: SessionsDeps["onTickets"] = (id, names) => rooms.setTickets(id, names);
  const sessions = new Sessions(io, options, { tickets, onTickets });
  const deliver = createDelivery(sessions, rooms);
  const callReports = createCallReports({ rooms, sessions, onReport, now });
  const presence = createPresence({ deliver, listeners, callReports, monitor, log });
  const deps = {
    rooms,
    sessions,
    tickets,
    deliver,
    presence,
    listeners,
    monitor,
    ice: options,
    options,
    addressOf: ({ conn }: SignalingSocket) => floods.of(conn).address,
    now,
    reportFault,
  };
  const membership = createMembership(deps);
  const removeHere = createRemoval({ sessions, monitor, depart: membership.depart });
  const reports = createRoomReports({ rooms, sessions, timelines: monitor?.timelines });
  rooms.listen(
    listenToOtherNodes({ sessions, presence, removeHere, reports, monitor, reportFault }),
  );
  const screen = createScreen(options.iceTransportPolicy);
  const handlers = createHandlers({ ...deps, membership, authenticate, screen, callReports });
  const { onGone } = membership;
  const idOf = (socket: SignalingSocket) => sessions.idOf(socket);
  const arrive = serveSockets(io, { handlers, onGone, floods, monitor, idOf, reportFault, log });
  if (lane) openLane(io, floods, arrive);
  const ending = new AbortController();
  const { drain, isOpen, isReady } = createDrain(io, options, {
    onClosing: membership.keepQuiet,
    // A server that goes on keeps no seats of peers that are elsewhere.
    onDrained: () => {
      const until = { signal: ending.signal, ref: false };
      pause(options.resumeGraceMs, undefined, until).then(membership.endSentAway, () => {});
    },
  });

  return {
    application: {
      ...createAdministration(rooms, removeHere, monitor),
      on: (name, listener) => listeners.on(name, listener),
      off: (name, listener) => listeners.off(name, listener),
      drain,
    },
    reports,
    kept: () => ({
      seatsAway: sessions.waiting.count,
      outboxBytes: sessions.waiting.total.bytes,
    }),
    isOpen,
    isReady,
    close: async () => {
      ending.abort();
      closeGate?.();
      await io.close();
      sessions.close();
      await rooms.close();
    },
  };
}

function gateBy(
  admit: SignalingDeps["admit"],
  authenticate: Authenticator | undefined,
): Gate | undefined {
  if (admit) return { admit: ({ request }) => admit(request), needsToken: false };
  if (!authenticate) return undefined;
  return { admit: ({ handshake }) => authenticate(handshake.auth["token"]), needsToken: true };
}
