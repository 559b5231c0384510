/** Which requests may become connections: by their page's origin, and while there is room for them. */

import type { IncomingMessage } from "node:http";
import type { Logger } from "../logger.ts";
import { type ConnectionLimiter, clientAddress, type Place, type ProxyTrust } from "./limits.ts";
import type { OriginCheck } from "./origins.ts";
import { createRateLimiter } from "./rate-limit.ts";

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
  /** The place of the connection that this request has become; whoever asks has to give it back. */
  placeOf: (request: IncomingMessage) => Place | undefined;
}

/** Lines a second and at once: who is refused over and over must not fill a disk. */
const LOGGED = { perSecond: 1, burst: 10 };

/** Creates the checks. Requests of a connection that there is are not asked about again. */
export function createHandshake(deps: HandshakeDeps): Handshake {
  const { isAllowedOrigin, isTrustedProxy, limitConnections, log } = deps;
  const mayLog = createRateLimiter(LOGGED, () => performance.now());
  /** The places of requests that haven't become connections yet. */
  const places = new Map<IncomingMessage, Place>();

  /** What is wrong with a request by itself, if anything. */
  function faultOf(request: IncomingMessage): string | undefined {
    const { origin, host } = request.headers;
    if (isJsonp(request)) return "JSONP is not served";
    if (isAllowedOrigin(origin, host)) return undefined;
    return "this page's origin is not in the server's CORS_ORIGIN";
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
      if (reason !== undefined && mayLog.take(1).ok) log.warn({ reason }, "refused a connection");
      decide(reason, reason === undefined);
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
