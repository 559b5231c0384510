/** Signaling on an HTTP server: creates all parts and connects them. */

import type { Server as HttpServer } from "node:http";
import type { Server as HttpsServer } from "node:https";
import { Server as NetServer } from "node:net";
import { Server } from "socket.io";
import { createAuthorizer } from "../auth/authorize.ts";
import { type Config, createConfig } from "../config/config.ts";
import type { SignalingServerOptions } from "../config/options.ts";
import { createHandshake } from "../connections/admission.ts";
import { divertPath, isBelow } from "../connections/divert.ts";
import { type Connection, createFloodGuard } from "../connections/flood.ts";
import { absorbConnectionErrors, refusePipelining } from "../connections/http-guards.ts";
import { BoundedWebSocketServer } from "../connections/http-server.ts";
import { createConnectionLimiter, createProxyTrust } from "../connections/limits.ts";
import { createOriginCheck } from "../connections/origins.ts";
import {
  coalesceWrites,
  forgetEndedPolling,
  forgetHandshakes,
  serveClientAsIs,
} from "../connections/tuning.ts";
import { createRouter, type Middleware, type PhonePage } from "../http/router.ts";
import { createLogger, type Logger } from "../log/logger.ts";
import { Monitor } from "../monitoring/monitor.ts";
import type { RoomRegistry } from "../rooms/registry.ts";
import type { ReceivedCallReport } from "../signaling/call-reports.ts";
import { createFaultReport } from "../signaling/dispatch.ts";
import { type ApplicationInterface, serveSignaling } from "../signaling/signaling.ts";
import type { SignalingIo } from "../signaling/socket.ts";
import { type AdminListener, createAdminListener } from "./admin.ts";
import { PUBLIC_FOLDER, readVersion } from "./package.ts";
import { createRooms, type Rooms, readinessOf } from "./rooms.ts";

/** How long connections may take to close before they are cut. */
const CLOSE_GRACE_MS = 1_000;
/** How long a connection may be open without a socket. */
const CONNECT_TIMEOUT_MS = 10_000;

/** What an application does with signaling on its server. */
export interface Signaling extends ApplicationInterface {
  /** The page, `/client.js`, `GET /health` and `GET /ready`, for `app.use(path, signaling.router)`. */
  readonly router: Middleware;
  /** The Socket.IO server. */
  readonly io: SignalingIo;
  /** Closes all signaling connections, in a way that makes clients reconnect. May be called twice. */
  close(): Promise<void>;
}

/** The options of `attachSignaling`: those of a server, without `port` and `host`. */
export type AttachOptions = Omit<SignalingServerOptions, "port" | "host">;

/** Parts to use instead of the default ones. */
export interface Overrides {
  log?: Logger;
  rooms?: RoomRegistry;
  /** The clock, in Unix milliseconds. */
  now?: () => number;
  /** Gets what clients tell of their calls. */
  onReport?: (report: ReceivedCallReport) => void;
  /** Whether offers, answers and candidates may take the lane; by default they may. */
  lane?: boolean;
  /** How phones in the same network reach the page; undefined until they do. */
  phone?: () => PhonePage | undefined;
}

/**
 * Adds signaling to an application's own HTTP or HTTPS server. It answers below `path` alone (`/socket.io`
 * by default); everything else stays the application's. Call it when the server has its listeners for
 * requests and upgrades, such as the Express app: those that are added later hear what is ours as well.
 *
 * @throws ConfigError naming every wrong and every unknown option at once
 * @throws TypeError for what is no server, such as the Express app itself
 */
export function attachSignaling(
  httpServer: HttpServer | HttpsServer,
  options: AttachOptions = {},
): Signaling {
  if (!(httpServer instanceof NetServer)) {
    throw new TypeError(
      "attachSignaling takes the server that http.createServer or app.listen gives",
    );
  }
  const config = createConfig(options, true);
  absorbConnectionErrors(httpServer);
  const log = createLogger({ level: config.logLevel });
  const signaling = attach(httpServer, config, { log });
  const { admin } = signaling;
  admin?.listen().then(
    () => log.info({ url: admin.url }, `admin listener: ${admin.url}`),
    (err) => log.error({ err }, "the admin listener can't listen"),
  );
  refusePipelining(httpServer, isBelow(config.path));
  return signaling;
}

/** Adds signaling with this configuration. */
export function attach(
  httpServer: HttpServer | HttpsServer,
  config: Config,
  overrides: Overrides = {},
): Signaling & { admin: AdminListener | undefined } {
  const { log = createLogger({ level: config.logLevel }), now = Date.now, onReport } = overrides;
  const { path, authorize } = config;
  const isAllowedOrigin = createOriginCheck(config.corsOrigins);
  const isTrustedProxy = createProxyTrust(config.trustProxy);
  const version = readVersion();
  const monitor = config.adminPort === undefined ? undefined : new Monitor(version, now);
  const reportFault = createFaultReport(log, monitor);
  const { rooms, store, status }: Rooms = overrides.rooms
    ? { rooms: overrides.rooms }
    : createRooms(config, { reportFault, now, log });

  const diversion = divertPath(httpServer, path);
  const ours = diversion.server;
  if (!config.transports.includes("websocket")) {
    ours.on("upgrade", (_request, connection) => connection.destroy());
  }
  const limitConnections = createConnectionLimiter(config);
  const handshake = createHandshake({
    isAllowedOrigin,
    isTrustedProxy,
    limitConnections,
    isOpen: () => signaling.isOpen(),
    monitor,
    log,
  });
  const io: SignalingIo = new Server(ours, {
    path,
    maxHttpBufferSize: config.maxMessageBytes,
    pingInterval: config.pingIntervalMs,
    pingTimeout: config.pingTimeoutMs,
    connectTimeout: CONNECT_TIMEOUT_MS,
    transports: [...config.transports],
    wsEngine: BoundedWebSocketServer,
    cors: {
      origin: (origin, callback) => callback(null, isAllowedOrigin(origin)),
      // `authorize` may decide by the application's cookies.
      credentials: authorize !== undefined,
    },
    allowRequest: handshake.allowRequest,
  });
  io.engine.use(handshake.checkOrigin);
  const floods = createFloodGuard(config, { monitor, log });
  io.engine.on("connection", (connection: Connection) =>
    floods.watch(connection, handshake.placeOf(connection.request)),
  );
  coalesceWrites(ours);
  serveClientAsIs(ours, `${path}/socket.io`);
  forgetEndedPolling(io);

  const admit = authorize && createAuthorizer(authorize, { reportFault, now });
  const signaling = serveSignaling(io, config, {
    rooms,
    admit,
    floods,
    monitor,
    onReport: (report) => {
      monitor?.reported(report);
      onReport?.(report);
    },
    reportFault,
    now,
    log,
    lane: overrides.lane,
  });
  // A socket's events begin in its handshake.
  forgetHandshakes(ours, io, authorize ? "let in" : "made");
  const admin =
    monitor && createAdminListener(config, { monitor, floods, rooms, status, signaling, log });

  const router = createRouter({
    count: () => rooms.count(),
    readiness: () => readinessOf(signaling.isReady(), store),
    isAllowedOrigin,
    path,
    version,
    publicFolder: PUBLIC_FOLDER,
    phone: () => overrides.phone?.(),
  });

  let closing: Promise<void> | undefined;
  const close = async () => {
    await signaling.close();
    await diversion.release(CLOSE_GRACE_MS);
    await admin?.close();
  };

  return {
    ...signaling.application,
    router,
    io,
    admin,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
