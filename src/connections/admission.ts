/** Which requests may become connections: by their page's origin, and while there is room for them. */

import type { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Logger } from "../logger.ts";
import { type ConnectionLimiter, clientAddress, type ProxyTrust } from "./limits.ts";
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
  /** Told of each connection that was made. */
  connected: (connection: Connection) => void;
  /** Told of a connection that is cut off for a flood. */
  flooded: (connection: Connection) => void;
}

/** What of an Engine.IO connection is looked at. */
type Connection = EventEmitter & { readonly request: IncomingMessage };

/** Lines a second and at once: who is refused over and over must not fill a disk. */
const LOGGED = { perSecond: 1, burst: 10 };
/** For how long the place of a flooder stays taken: each connection would bring a new allowance. */
const FLOOD_PENALTY_MS = 30_000;

/** Creates the checks. Requests of a connection that there is are not asked about again. */
export function createHandshake(deps: HandshakeDeps): Handshake {
  const { isAllowedOrigin, isTrustedProxy, limitConnections, log } = deps;
  const mayLog = createRateLimiter(LOGGED, () => performance.now());
  /** Gives back the place of a request that hasn't become a connection yet. */
  const places = new Map<IncomingMessage, () => void>();
  const flooders = new WeakSet<Connection>();

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
    places.set(request, admission.release);
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
      if (reason !== undefined && mayLog(1).ok) log.warn({ reason }, "refused a connection");
      decide(reason, reason === undefined);
    },

    connected: (connection) => {
      const release = places.get(connection.request);
      places.delete(connection.request);
      if (!release) return;
      connection.on("close", () => {
        if (flooders.has(connection)) setTimeout(release, FLOOD_PENALTY_MS).unref();
        else release();
      });
    },

    flooded: (connection) => void flooders.add(connection),
  };
}

/**
 * Whether the answer is to be a script. A page of any site can load one, and no Origin goes with the
 * request; Engine.IO still serves it to those who ask, and Socket.IO's clients no longer do.
 */
function isJsonp({ url = "" }: IncomingMessage): boolean {
  return new URL(url, "http://localhost").searchParams.has("j");
}
