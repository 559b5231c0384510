/** Signaling on somebody's HTTP server: builds each part and connects them. */

import { readFileSync } from "node:fs";
import type { Server as HttpServer } from "node:http";
import type { Server as HttpsServer } from "node:https";
import { fileURLToPath } from "node:url";
import { Server } from "socket.io";
import { createAuthenticator } from "./auth/authenticator.ts";
import { createAuthorizer } from "./auth/authorize.ts";
import { type Config, createConfig } from "./config/config.ts";
import type { SignalingServerOptions } from "./config/options.ts";
import { createHandshake } from "./connections/admission.ts";
import { divertPath, isBelow } from "./connections/divert.ts";
import { type Connection, createFloodGuard } from "./connections/flood.ts";
import { absorbConnectionErrors, refusePipelining } from "./connections/http-guards.ts";
import { PromptWebSocketServer } from "./connections/http-server.ts";
import { createConnectionLimiter, createProxyTrust } from "./connections/limits.ts";
import { createOriginCheck } from "./connections/origins.ts";
import {
  coalesceWrites,
  forgetEndedPolling,
  forgetHandshakes,
  serveClientAsIs,
} from "./connections/tuning.ts";
import { createRouter, type Middleware } from "./http/router.ts";
import { createLogger, type Logger } from "./logger.ts";
import { MemoryRoomRegistry } from "./rooms/memory.ts";
import type { RoomRegistry } from "./rooms/registry.ts";
import { type Administration, createAdministration } from "./signaling/administration.ts";
import { createFaultReport, type SignalingIo, serveSockets } from "./signaling/dispatch.ts";
import { Listeners } from "./signaling/events.ts";
import { createHandlers } from "./signaling/handlers.ts";
import { registerGate } from "./signaling/token-gate.ts";

/** How long connections may take to end by themselves when signaling closes. */
const CLOSE_GRACE_MS = 1_000;
/** How long a connection may be open without a socket on it. */
const CONNECT_TIMEOUT_MS = 10_000;

/** Signaling on an HTTP server, in the application's hands. */
export interface Signaling extends Administration, Pick<Listeners, "on" | "off"> {
  /** The page, `/client.js` and `GET /health`, for `app.use(path, signaling.router)`. */
  readonly router: Middleware;
  /** The Socket.IO server. */
  readonly io: SignalingIo;
  /** Ends every connection of ours, so that clients know to come back. May be called twice. */
  close(): Promise<void>;
}

/** What `attachSignaling` takes: the options of a server, but for where it listens. */
export type AttachOptions = Omit<SignalingServerOptions, "port" | "host">;

/** Parts to use in place of the usual ones. */
export interface Overrides {
  log?: Logger;
  rooms?: RoomRegistry;
  /** The clock, in Unix milliseconds. */
  now?: () => number;
}

/**
 * Adds signaling to an application's own HTTP or HTTPS server. It answers below `path` alone (`/socket.io`
 * by default); everything else stays the application's. Call it when the server has its listeners for
 * requests, such as the Express app.
 *
 * @throws ConfigError naming every wrong and every unknown option at once
 */
export function attachSignaling(
  httpServer: HttpServer | HttpsServer,
  options: AttachOptions = {},
): Signaling {
  const config = createConfig(options, true);
  absorbConnectionErrors(httpServer);
  const signaling = attach(httpServer, config);
  refusePipelining(httpServer, isBelow(config.path));
  return signaling;
}

/** Adds the signaling that a configuration describes. */
export function attach(
  httpServer: HttpServer | HttpsServer,
  config: Config,
  overrides: Overrides = {},
): Signaling {
  const { log = createLogger({ level: config.logLevel }), now = Date.now } = overrides;
  const { rooms = new MemoryRoomRegistry(config, now) } = overrides;
  const { path, authorize } = config;
  const isAllowedOrigin = createOriginCheck(config.corsOrigins);
  const isTrustedProxy = createProxyTrust(config.trustProxy);
  const reportFault = createFaultReport(log);

  const diversion = divertPath(httpServer, path);
  const ours = diversion.server;
  if (!config.transports.includes("websocket")) {
    ours.on("upgrade", (_request, connection) => connection.destroy());
  }
  const limitConnections = createConnectionLimiter(config);
  const handshake = createHandshake({ isAllowedOrigin, isTrustedProxy, limitConnections, log });
  const io: SignalingIo = new Server(ours, {
    path,
    maxHttpBufferSize: config.maxMessageBytes,
    pingInterval: config.pingIntervalMs,
    pingTimeout: config.pingTimeoutMs,
    connectTimeout: CONNECT_TIMEOUT_MS,
    transports: [...config.transports],
    wsEngine: PromptWebSocketServer,
    cors: {
      origin: (origin, callback) => callback(null, isAllowedOrigin(origin)),
      // For the cookies that the application decides by.
      credentials: authorize !== undefined,
    },
    allowRequest: handshake.allowRequest,
  });
  io.engine.use(handshake.checkOrigin);
  const floods = createFloodGuard(config, log);
  io.engine.on("connection", (connection: Connection) =>
    floods.watch(connection, handshake.placeOf(connection.request)),
  );
  coalesceWrites(ours);
  serveClientAsIs(ours, `${path}/socket.io`);
  forgetHandshakes(ours, io, authorize ? "let in" : "made");
  forgetEndedPolling(io);

  const authenticate = createAuthenticator(config);
  const admit = authorize && createAuthorizer(authorize, reportFault);
  const closeGate = admit
    ? registerGate(io, { admit: ({ request }) => admit(request), needsToken: false }, log)
    : authenticate &&
      registerGate(
        io,
        { admit: ({ handshake }) => authenticate(handshake.auth["token"]), needsToken: true },
        log,
      );

  const listeners = new Listeners(reportFault);
  const { handlers, onGone } = createHandlers(io, {
    rooms,
    authenticate,
    ice: config,
    listeners,
    now,
    log,
  });
  serveSockets(io, { handlers, onGone, floods, reportFault, log });

  const router = createRouter({
    rooms,
    isAllowedOrigin,
    path,
    version: readVersion(),
    // From src/ as well as from dist/.
    publicFolder: fileURLToPath(new URL("../dist/public", import.meta.url)),
    uptimeSeconds: () => process.uptime(),
  });

  let closing: Promise<void> | undefined;
  const close = async () => {
    closeGate?.();
    await io.close();
    await diversion.release(CLOSE_GRACE_MS);
  };

  return {
    ...createAdministration(io, rooms),
    on: (name, listener) => listeners.on(name, listener),
    off: (name, listener) => listeners.off(name, listener),
    router,
    io,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function readVersion(): string {
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  );
  return version;
}
