/** The HTTP server and its WebSocket server, with limits on TCP connections, time and memory. */

import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { Server as NetServer } from "node:net";
import type { Duplex } from "node:stream";
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";
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
import { inLaterTurn, TurnShare } from "./turns.ts";

/** Limits of TCP connections. */
export interface TcpLimits extends ConnectionLimits {
  readonly trustProxy: boolean | number | readonly string[];
}

/** Limits of the HTTP server. */
export interface HttpServerOptions extends TcpLimits {
  /** A long poll is answered after this time at the latest, with a ping. */
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
}

/** A client that starts with polling has two TCP connections, and a third during the upgrade. */
const TCP_PER_CONNECTION = 4;

const HTTP_LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  // Longer than the 60 s of most proxies, so that the proxy closes idle connections, not the server.
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 2_000,
  // `requireHost` does this.
  requireHostHeader: false,
};

/** Creates the HTTP server, with limits on the number of TCP connections and on slow requests. */
export function createHttpServer(app: RequestListener, config: HttpServerOptions): Server {
  const server = createServer(HTTP_LIMITS, app);
  // Ends connections of clients that don't read their answer; by default Node waits without end.
  server.timeout = config.pingIntervalMs + config.pingTimeoutMs;
  absorbConnectionErrors(server);
  // By default Node answers these without calling listeners, so `refusePipelining` would miss them.
  server.on("checkExpectation", (request, response) => server.emit("request", request, response));
  limitTcp(server, config);
  return server;
}

/** Bounds the TCP connections of a server, in all and per address. */
export function limitTcp(server: NetServer, limits: TcpLimits): void {
  const isTrustedProxy = createProxyTrust(limits.trustProxy);
  const admit = createConnectionLimiter({
    maxConnections: limits.maxConnections * TCP_PER_CONNECTION,
    maxConnectionsPerAddress: limits.maxConnectionsPerAddress * TCP_PER_CONNECTION,
  });
  server.on("connection", (connection) => {
    const address = connection.remoteAddress ?? "";
    // A proxy's connections are those of all its clients.
    if (isTrustedProxy(address, 0)) return;
    const admission = admit(address);
    if (!admission.ok) return connection.destroy();
    connection.on("close", () => {
      const wasCutOff = connection.errored instanceof PipeliningError;
      admission.release(wasCutOff ? PENALTY_MS : 0);
    });
  });
}

/** Refuses pipelining, and requests without Host. Call it after all listeners were added. */
export function guardRequests(server: Server): void {
  requireHost(server);
  refusePipelining(server);
}

/** Fragments of one message. Clients send one. Each may keep the 64 KiB buffer that it was read into. */
const MAX_FRAGMENTS = 64;
/** Least average size of a frame's chunks: TCP segments have at least 536 bytes (RFC 9293, 3.7.1). */
const MIN_CHUNK_BYTES = 256;
/** After so much in one turn of the event loop, a WebSocket isn't read until a later one. */
const BYTES_PER_TURN = 32_768;

/**
 * The WebSocket server for Engine.IO, of a newer ws than Engine.IO depends on: that one queues pongs
 * without limit for clients that don't read them.
 */
export class BoundedWebSocketServer extends WebSocketServer {
  constructor(options: ServerOptions) {
    const { maxPayload = 0 } = options;
    const bounded = {
      ...options,
      // The default is 30 s, for clients that don't answer the closing handshake.
      closeTimeout: 1_000,
      maxFragments: MAX_FRAGMENTS,
      maxBufferedChunks: 64 + Math.ceil(maxPayload / MIN_CHUNK_BYTES),
    };
    super(bounded);
  }

  override handleUpgrade(
    request: IncomingMessage,
    connection: Duplex,
    head: Buffer,
    done: (webSocket: WebSocket, request: IncomingMessage) => void,
  ): void {
    super.handleUpgrade(request, connection, head, (webSocket, request) => {
      boundReading(webSocket, connection);
      done(webSocket, request);
    });
  }
}

/** Everything counts that TCP brings, pongs and fragments as well. */
function boundReading(webSocket: WebSocket, connection: Duplex): void {
  const share = new TurnShare(BYTES_PER_TURN);
  connection.on("data", ({ length }: Buffer) => {
    if (share.use(length) || webSocket.isPaused) return;
    webSocket.pause();
    inLaterTurn(() => webSocket.resume());
  });
}
