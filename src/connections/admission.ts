/** Which handshakes are accepted: by the page's origin, and within the limits of connections. */

import type { IncomingMessage } from "node:http";
import type { Logger } from "../log/logger.ts";
import type { Monitor } from "../monitoring/monitor.ts";
import {
  type ConnectionLimiter,
  clientAddress,
  type Place,
  type ProxyTrust,
  type Refused,
} from "./limits.ts";
import { hostOf, type OriginCheck, printable } from "./origins.ts";
import { createSparseLog } from "./sparse-log.ts";

/** Dependencies of the handshake. */
export interface HandshakeDeps {
  isAllowedOrigin: OriginCheck;
  isTrustedProxy: ProxyTrust;
  limitConnections: ConnectionLimiter;
  /** Whether new connections are accepted; they aren't when the server is about to end. */
  isOpen: () => boolean;
  monitor: Monitor | undefined;
  log: Logger;
}

/** The checks that Engine.IO calls for a connection. */
export interface Handshake {
  /** Called once for each handshake. The client gets `reason` if it is refused. */
  allowRequest: (
    request: IncomingMessage,
    decide: (reason: string | undefined, isAllowed: boolean) => void,
  ) => void;
  /** Engine.IO middleware: checks the origin of requests that belong to an open connection. */
  checkOrigin: (request: IncomingMessage, response: unknown, next: (error?: Error) => void) => void;
  /** Hands over the place taken for this handshake. The caller must release it. */
  placeOf: (request: IncomingMessage) => Place | undefined;
}

/** At most 1 refusal is logged per second, after a burst of 10. */
const LOGGED = { perSecond: 1, burst: 10 };

const FOREIGN_PAGE: Refused = {
  code: "foreign_origin",
  reason: "this page's origin is not in the server's CORS_ORIGIN",
};
const JSONP: Refused = { code: "jsonp", reason: "JSONP is not served" };
const CLOSING: Refused = { code: "closing", reason: "the server is about to end; try again" };

/** Creates the checks. */
export function createHandshake(deps: HandshakeDeps): Handshake {
  const { isAllowedOrigin, isTrustedProxy, limitConnections, isOpen, monitor, log } = deps;
  const logRefusal = createSparseLog((fields, message) => log.warn(fields, message), LOGGED);
  /** Places of accepted handshakes whose connection doesn't exist yet. */
  const places = new Map<IncomingMessage, Place>();

  /** Why a request is refused whatever the limits, if it is. */
  function refusalOf(request: IncomingMessage): Refused | undefined {
    if (isJsonp(request)) return JSONP;
    return isForeign(request) ? FOREIGN_PAGE : undefined;
  }

  function isForeign(request: IncomingMessage): boolean {
    return !isAllowedOrigin(request.headers.origin, hostOf(request, isTrustedProxy));
  }

  /** Logs a refusal, with the origin that the operator may want to add to CORS_ORIGIN. */
  function report(refused: Refused, { headers }: IncomingMessage): void {
    const { code, reason } = refused;
    monitor?.refusedConnection(code);
    // Clients try again; it isn't worth a line in the log for each.
    if (refused === CLOSING) return;
    const origin = refused === FOREIGN_PAGE ? printable(headers.origin ?? "") : undefined;
    logRefusal({ reason, origin }, "refused a connection");
  }

  /** Takes a place; returns why there is none, if so. */
  function takePlace(request: IncomingMessage): Refused | undefined {
    const admission = limitConnections(clientAddress(request, isTrustedProxy));
    if (!admission.ok) return admission;
    places.set(request, admission);
    // Engine.IO creates the connection in this turn of the event loop, or not at all.
    setImmediate(() => {
      if (places.delete(request)) admission.release();
    });
    return undefined;
  }

  return {
    // CORS doesn't apply to WebSockets; this check does.
    allowRequest: (request, decide) => {
      const refused = isOpen() ? (refusalOf(request) ?? takePlace(request)) : CLOSING;
      if (refused) report(refused, request);
      decide(refused?.reason, refused === undefined);
    },

    checkOrigin: (request, _response, next) => {
      // Handshakes are refused by `allowRequest`, which gives the reason.
      if (!hasSession(request) || !isForeign(request)) return next();
      report(FOREIGN_PAGE, request);
      next(new Error(FOREIGN_PAGE.reason));
    },

    placeOf: (request) => {
      const place = places.get(request);
      places.delete(request);
      return place;
    },
  };
}

/**
 * Whether this is JSONP polling. A page of any site can load a script, and the request has no Origin.
 * Engine.IO still serves JSONP; Socket.IO's clients no longer use it.
 */
function isJsonp({ url = "" }: IncomingMessage): boolean {
  return new URL(url, "http://localhost").searchParams.has("j");
}

/** Whether a request belongs to an open connection. A page may have opened that by a GET without Origin. */
function hasSession({ url = "" }: IncomingMessage): boolean {
  return new URL(url, "http://localhost").searchParams.getAll("sid").some((sid) => sid !== "");
}
