/** TCP, HTTP and WebSocket, bounded in number and time before a client has said anything sensible. */

import { createServer, type RequestListener, type Server } from "node:http";
import { type ServerOptions, WebSocketServer } from "ws";
import {
  absorbConnectionErrors,
  PipeliningError,
  refusePipelining,
  requireHost,
} from "./http-guards.ts";
import {
  type ConnectionLimits,
  createConnectionLimiter,
  createProxyTrust,
  PENALTY_MS,
} from "./limits.ts";

/** What bounds the HTTP server. */
export interface HttpServerOptions extends ConnectionLimits {
  readonly trustProxy: boolean | number | readonly string[];
  /** A long poll is answered with a ping after this, if nothing else comes. */
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
}

/** A connection that begins with polling holds two of TCP, and a third while it changes over. */
const TCP_PER_CONNECTION = 4;

const HTTP_LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  // A proxy that keeps connections for 60 s, as most do, is the one to end them.
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 2_000,
  // `requireHost` does it.
  requireHostHeader: false,
};

/** Creates the HTTP server: half-open connections and slow requests end, floods are cut off. */
export function createHttpServer(app: RequestListener, config: HttpServerOptions): Server {
  const isTrustedProxy = createProxyTrust(config.trustProxy);
  const server = createServer(HTTP_LIMITS, app);
  // For clients that don't read their answer; by default Node waits for ever.
  server.timeout = config.pingIntervalMs + config.pingTimeoutMs;
  absorbConnectionErrors(server);
  // Node would answer these itself, past `refusePipelining`.
  server.on("checkExpectation", (request, response) => server.emit("request", request, response));
  const limitTcp = createConnectionLimiter({
    maxConnections: config.maxConnections * TCP_PER_CONNECTION,
    maxConnectionsPerAddress: config.maxConnectionsPerAddress * TCP_PER_CONNECTION,
  });
  server.on("connection", (connection) => {
    const address = connection.remoteAddress ?? "";
    // Behind a proxy everybody's connections are the proxy's.
    if (isTrustedProxy(address, 0)) return;
    const admission = limitTcp(address);
    if (!admission.ok) return connection.destroy();
    connection.on("close", () => {
      const wasCutOff = connection.errored instanceof PipeliningError;
      admission.release(wasCutOff ? PENALTY_MS : 0);
    });
  });
  return server;
}

/** Refuses what no client of ours sends. Call it after Socket.IO has been attached. */
export function guardRequests(server: Server): void {
  requireHost(server);
  refusePipelining(server);
}

/** Fragments of one message. Clients send one; each may hold on to the 64 KiB that it was read with. */
const MAX_FRAGMENTS = 64;
/** Bytes in a chunk of a frame, on average: TCP sends at least 536 at a time (RFC 9293, 3.7.1). */
const MIN_CHUNK_BYTES = 256;

/**
 * WebSockets for Engine.IO. Of the newest version: the one that Engine.IO brings along answers
 * pings without a bound, to clients that never read the answers.
 */
export class PromptWebSocketServer extends WebSocketServer {
  constructor(options: ServerOptions) {
    const { maxPayload = 0 } = options;
    const bounded = {
      ...options,
      // By default a client may leave a goodbye unanswered for 30 s.
      closeTimeout: 1_000,
      maxFragments: MAX_FRAGMENTS,
      maxBufferedChunks: 64 + Math.ceil(maxPayload / MIN_CHUNK_BYTES),
    };
    super(bounded);
  }
}
