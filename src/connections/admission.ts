/** Which requests may become connections: by their page's origin, and while there is room for them. */

import type { IncomingMessage } from "node:http";
import type { Logger } from "../logger.ts";
import { type ConnectionLimiter, clientAddress, type Place, type ProxyTrust } from "./limits.ts";
import { hostOf, type OriginCheck, printable } from "./origins.ts";
import { createSparseLog } from "./sparse-log.ts";

/** What the handshake needs from elsewhere. */
export interface HandshakeDeps {
  isAllowedOrigin: OriginCheck;
  isTrustedProxy: ProxyTrust;
  limitConnections: ConnectionLimiter;
  log: Logger;
}

/** The two ends of a handshake, for Engine.IO to call. */
export interface Handshake {
  /** Asked once for each connection, before it is made; a reason goes out in the refusal. */
  allowRequest: (
    request: IncomingMessage,
    decide: (reason: string | undefined, isAllowed: boolean) => void,
  ) => void;
  /** Engine.IO's middleware, for the requests of a connection that there is: they have an Origin too. */
  checkOrigin: (request: IncomingMessage, response: unknown, next: (error?: Error) => void) => void;
  /** The place of the connection that this request has become; whoever asks has to give it back. */
  placeOf: (request: IncomingMessage) => Place | undefined;
}

/** Lines about refusals: a client that is refused over and over must not fill a disk. */
const LOGGED = { perSecond: 1, burst: 10 };

const FOREIGN_PAGE = "this page's origin is not in the server's CORS_ORIGIN";

/** Creates the checks. */
export function createHandshake(deps: HandshakeDeps): Handshake {
  const { isAllowedOrigin, isTrustedProxy, limitConnections, log } = deps;
  const logRefusal = createSparseLog((fields, message) => log.warn(fields, message), LOGGED);
  /** The places of requests that haven't become connections yet. */
  const places = new Map<IncomingMessage, Place>();

  /** What is wrong with a request by itself, if anything. */
  function faultOf(request: IncomingMessage): string | undefined {
    if (isJsonp(request)) return "JSONP is not served";
    return isForeign(request) ? FOREIGN_PAGE : undefined;
  }

  function isForeign(request: IncomingMessage): boolean {
    return !isAllowedOrigin(request.headers.origin, hostOf(request, isTrustedProxy));
  }

  /** An origin is no secret, and whoever runs the server may want to put it in CORS_ORIGIN. */
  function report(reason: string, { headers }: IncomingMessage): void {
    const origin = reason === FOREIGN_PAGE ? printable(headers.origin ?? "") : undefined;
    logRefusal({ reason, origin }, "refused a connection");
  }

  /** Takes a place, or says why there is none. */
  function takePlace(request: IncomingMessage): string | undefined {
    const admission = limitConnections(clientAddress(request, isTrustedProxy));
    if (!admission.ok) return admission.reason;
    places.set(request, admission);
    // Engine.IO makes the connection in this turn of the event loop, or not at all.
    setImmediate(() => {
      if (places.delete(request)) admission.release();
    });
    return undefined;
  }

  return {
    // CORS doesn't stop a WebSocket of another site's page; this does.
    allowRequest: (request, decide) => {
      const reason = faultOf(request) ?? takePlace(request);
      if (reason !== undefined) report(reason, request);
      decide(reason, reason === undefined);
    },

    checkOrigin: (request, _response, next) => {
      // A handshake is refused by `allowRequest`, which can say why.
      if (!hasSession(request) || !isForeign(request)) return next();
      report(FOREIGN_PAGE, request);
      next(new Error(FOREIGN_PAGE));
    },

    placeOf: (request) => {
      const place = places.get(request);
      places.delete(request);
      return place;
    },
  };
}

/**
 * Whether the answer is to be a script. A page of any site can load one, and no Origin goes with the
 * request; Engine.IO still serves it to those who ask, and Socket.IO's clients no longer do.
 */
function isJsonp({ url = "" }: IncomingMessage): boolean {
  return new URL(url, "http://localhost").searchParams.has("j");
}

/** Whether a request is of a connection that there is. Without an Origin, a page may have opened it. */
function hasSession({ url = "" }: IncomingMessage): boolean {
  return new URL(url, "http://localhost").searchParams.getAll("sid").some((sid) => sid !== "");
}
