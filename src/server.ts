/** Builds the server out of its parts. Listens only when told. */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo, Socket as TcpSocket } from "node:net";
import { fileURLToPath } from "node:url";
import { Server } from "socket.io";
import type { Config } from "./config.ts";
import { createHttpApp } from "./http.ts";
import { coalesceWrites, forgetHandshakes } from "./lean.ts";
import { createLogger, type Logger } from "./logger.ts";
import { createOriginCheck } from "./origins.ts";
import { MemoryRoomRegistry, type RoomRegistry } from "./rooms.ts";
import { registerSignaling, type SignalingIo } from "./signaling.ts";

/** How long connections may take to end by themselves when the server closes. */
const CLOSE_GRACE_MS = 1_000;

/** Parts to use in place of the usual ones. */
export interface Overrides {
  log?: Logger;
  rooms?: RoomRegistry;
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

  const app = createHttpApp({
    rooms,
    isAllowedOrigin,
    log,
    version,
    publicFolder,
    uptimeSeconds,
  });
  const httpServer = createServer(app);
  const connections = trackConnections(httpServer);
  const io: SignalingIo = new Server(httpServer, {
    maxHttpBufferSize: config.maxMessageBytes,
    pingInterval: config.pingIntervalMs,
    pingTimeout: config.pingTimeoutMs,
    transports: [...config.transports],
    cors: { origin: (origin, callback) => callback(null, isAllowedOrigin(origin)) },
    // CORS doesn't stop a WebSocket of another site's page; this does.
    allowRequest: ({ headers }, callback) => {
      if (isAllowedOrigin(headers.origin, headers.host)) return callback(null, true);
      log.warn("refused a page whose origin is not in CORS_ORIGIN");
      callback("this page's origin is not in the server's CORS_ORIGIN", false);
    },
  });
  coalesceWrites(httpServer);
  forgetHandshakes(httpServer, io.engine);
  registerSignaling(io, { rooms, log });

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

function trackConnections(httpServer: ReturnType<typeof createServer>): Set<TcpSocket> {
  const connections = new Set<TcpSocket>();
  httpServer.on("connection", (connection) => {
    connections.add(connection);
    connection.once("close", () => connections.delete(connection));
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
