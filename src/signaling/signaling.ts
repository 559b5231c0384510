/** Signaling on a Socket.IO server: creates its parts and connects them. */

import {
  type Authenticator,
  createAuthenticator,
  type TokenOptions,
  type Verdict,
} from "../auth/authenticator.ts";
import type { FloodGuard } from "../connections/flood.ts";
import type { IceOptions } from "../ice/options.ts";
import type { Logger } from "../log/logger.ts";
import type { RoomRegistry } from "../rooms/registry.ts";
import { createScreen } from "./address-screen.ts";
import { type Administration, createAdministration, createRemoval } from "./administration.ts";
import { createCallReports, type ReceivedCallReport } from "./call-reports.ts";
import { createDelivery } from "./delivery.ts";
import { type SignalingIo, type SignalingSocket, serveSockets } from "./dispatch.ts";
import { createDrain, type Drain, type DrainOptions } from "./drain.ts";
import { Listeners } from "./events.ts";
import { createHandlers } from "./handlers.ts";
import { createMembership, type MembershipOptions } from "./membership.ts";
import { listenToOtherNodes } from "./other-nodes.ts";
import { createPresence } from "./presence.ts";
import { type ResumeOptions, Sessions, type SessionsDeps } from "./sessions.ts";
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
  /** Gets what clients tell of their calls; undefined if nobody does. */
  onReport: ((report: ReceivedCallReport) => void) | undefined;
  /** Logs an error of the server and returns its id in the log. */
  reportFault: (error: unknown) => string;
  /** Unix milliseconds. */
  now: () => number;
  log: Logger;
}

/** Signaling that is served. */
interface Served extends Pick<Drain, "isOpen" | "isReady"> {
  readonly application: ApplicationInterface;
  readonly close: () => Promise<void>;
}

/** Serves the protocol on `io`. */
export function serveSignaling(
  io: SignalingIo,
  options: SignalingOptions,
  { rooms, admit, floods, onReport = () => {}, reportFault, now, log }: SignalingDeps,
): Served {
  const authenticate = createAuthenticator(options);
  const gate = gateBy(admit, authenticate);
  const closeGate = gate && registerGate(io, gate, { now, log });

  const listeners = new Listeners(reportFault);
  const tickets = new Tickets(options.resumeKey, now);
  const onTickets: SessionsDeps["onTickets"] = (id, names) => rooms.setTickets(id, names);
  const sessions = new Sessions(io, options, { tickets, onTickets });
  const deliver = createDelivery(io, sessions, rooms);
  const callReports = createCallReports({ rooms, sessions, onReport, now });
  const presence = createPresence({ deliver, listeners, callReports, log });
  const deps = {
    rooms,
    sessions,
    tickets,
    deliver,
    presence,
    listeners,
    ice: options,
    options,
    addressOf: ({ conn }: SignalingSocket) => floods.of(conn).address,
    now,
    reportFault,
  };
  const membership = createMembership(deps);
  const removeHere = createRemoval(sessions, membership.depart);
  rooms.listen(listenToOtherNodes({ sessions, presence, removeHere, reportFault }));
  const screen = createScreen(options.iceTransportPolicy);
  const handlers = createHandlers({ ...deps, membership, authenticate, screen, callReports });
  serveSockets(io, { handlers, onGone: membership.onGone, floods, reportFault, log });
  const { drain, isOpen, isReady } = createDrain(io, options, membership.keepQuiet);

  return {
    application: {
      ...createAdministration(rooms, removeHere),
      on: (name, listener) => listeners.on(name, listener),
      off: (name, listener) => listeners.off(name, listener),
      drain,
    },
    isOpen,
    isReady,
    close: async () => {
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
