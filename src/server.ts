/** Builds the server out of its parts. Listens only when told. */

import { readFileSync } from "node:fs";
import type { Server as HttpServer } from "node:http";
import type { AddressInfo, Socket as TcpSocket } from "node:net";
import { fileURLToPath } from "node:url";
import { Server } from "socket.io";
import { createAuthenticator } from "./auth/authenticator.ts";
import type { Config } from "./config/config.ts";
import { createHandshake } from "./connections/admission.ts";
import { createHttpServer, PromptWebSocketServer } from "./connections/http-server.ts";
import { createConnectionLimiter, type ProxyTrust } from "./connections/limits.ts";
import { createOriginCheck } from "./connections/origins.ts";
import { coalesceWrites, forgetHandshakes, serveClientAsIs } from "./connections/tuning.ts";
import { createHttpApp } from "./http/app.ts";
import { createLogger, type Logger } from "./logger.ts";
import { MemoryRoomRegistry } from "./rooms/memory.ts";
import type { RoomRegistry } from "./rooms/registry.ts";
import type { SignalingIo } from "./signaling/dispatch.ts";
import { registerSignaling } from "./signaling/handlers.ts";
import { registerAccess } from "./signaling/token-gate.ts";

/** How long connections may take to end by themselves when the server closes. */
const CLOSE_GRACE_MS = 1_000;
/** How long a connection may be open without a socket on it. */
const CONNECT_TIMEOUT_MS = 10_000;

/** Parts to use in place of the usual ones. */
export interface Overrides {
  log?: Logger;
  rooms?: RoomRegistry;
  /** The clock, in Unix milliseconds. */
  now?: () => number;
}

export interface SignalingServer {
  /** Starts to listen; gives the port it got. Rejects with the error of `net.Server`. */
  listen(): Promise<number>;
  /** Ends every connection, so that clients know to come back. May be called twice. */
  close(): Promise<void>;
  readonly io: SignalingIo;
}

/** Creates a signaling server: Express and Socket.IO on one HTTP server. */
export function createSignalingServer(config: Config, overrides: Overrides = {}): SignalingServer {
  const log = overrides.log ?? createLogger({ level: config.logLevel });
  const rooms = overrides.rooms ?? new MemoryRoomRegistry(config);
  const isAllowedOrigin = createOriginCheck(config.corsOrigins);
  const uptimeSeconds = () => process.uptime();
  const version = readVersion();
  // From src/ as well as from dist/.
  const publicFolder = fileURLToPath(new URL("../dist/public", import.meta.url));

  const { trustProxy } = config;
  const app = createHttpApp({
    rooms,
    isAllowedOrigin,
    log,
    trustProxy,
    version,
    publicFolder,
    uptimeSeconds,
  });
  const isTrustedProxy: ProxyTrust = app.get("trust proxy fn");
  const httpServer = createHttpServer(app, config, isTrustedProxy);
  const connections = trackConnections(httpServer);
  const limitConnections = createConnectionLimiter(config);
  const handshake = createHandshake({ isAllowedOrigin, isTrustedProxy, limitConnections, log });
  const io: SignalingIo = new Server(httpServer, {
    maxHttpBufferSize: config.maxMessageBytes,
    pingInterval: config.pingIntervalMs,
    pingTimeout: config.pingTimeoutMs,
    connectTimeout: CONNECT_TIMEOUT_MS,
    transports: [...config.transports],
    wsEngine: PromptWebSocketServer,
    cors: { origin: (origin, callback) => callback(null, isAllowedOrigin(origin)) },
    allowRequest: handshake.allowRequest,
  });
  io.engine.use(handshake.checkOrigin);
  io.engine.on("connection", handshake.connected);
  const authenticate = createAuthenticator(config);
  const closeAccess = authenticate && registerAccess(io, { authenticate, log });
  registerSignaling(io, {
    rooms,
    authenticate,
    ice: config,
    limits: config,
    onFlood: handshake.flooded,
    now: overrides.now ?? Date.now,
    log,
  });
  coalesceWrites(httpServer);
  forgetHandshakes(httpServer, io.engine);
  serveClientAsIs(httpServer, `${io.path()}/socket.io`);

  let closing: Promise<void> | undefined;

  return {
    io,

    listen: () =>
      new Promise((resolve, reject) => {
        httpServer.once("error", reject);
        httpServer.listen({ port: config.port, ...(config.host && { host: config.host }) }, () => {
          httpServer.off("error", reject);
          resolve(portOf(httpServer.address()));
        });
      }),

    close: () => {
      closeAccess?.();
      closing ??= endWithin(CLOSE_GRACE_MS, io.close(), connections);
      return closing;
    },
  };
}

/** Waits for `ended`, and after `graceMs` cuts off who doesn't answer the goodbye. */
async function endWithin(graceMs: number, ended: Promise<void>, connections: Set<TcpSocket>) {
  const timer = setTimeout(() => {
    for (const connection of connections) connection.destroy();
  }, graceMs);
  await ended.finally(() => clearTimeout(timer));
}

function trackConnections(httpServer: HttpServer): Set<TcpSocket> {
  const connections = new Set<TcpSocket>();
  httpServer.on("connection", (connection) => {
    connections.add(connection);
    connection.on("close", () => connections.delete(connection));
  });
  return connections;
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new Error("not listening on a port");
  return address.port;
}

/** The version in package.json, which lies beside `src/` as well as beside `dist/`. */
function readVersion(): string {
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  );
  return version;
}
