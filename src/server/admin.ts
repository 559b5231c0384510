/** The admin listener: metrics and administration, on an address of its own. */

import type { Server as HttpServer } from "node:http";
import type { FloodGuard } from "../connections/flood.ts";
import { createHttpServer, guardRequests } from "../connections/http-server.ts";
import { listenOn } from "../connections/listening.ts";
import { createFaultLog } from "../connections/sparse-log.ts";
import { createAdminRouter } from "../http/admin.ts";
import { createHttpApp } from "../http/app.ts";
import type { Logger } from "../log/logger.ts";
import type { Status } from "../monitoring/metrics.ts";
import type { Monitor } from "../monitoring/monitor.ts";
import type { RoomRegistry } from "../rooms/registry.ts";
import type { Served } from "../signaling/signaling.ts";
import { PUBLIC_FOLDER } from "./package.ts";
import type { Rooms } from "./rooms.ts";
import { urlOf } from "./url.ts";

/** Options of the listener. */
export interface AdminOptions {
  readonly adminPort: number | undefined;
  readonly adminHost: string;
  readonly adminToken: string | undefined;
}

/** What the listener shows. */
export interface AdminDeps {
  monitor: Monitor;
  floods: FloodGuard;
  rooms: RoomRegistry;
  status: Rooms["status"];
  signaling: Served;
  log: Logger;
}

/** The listener can't listen; `cause` is the error of `net.Server`. */
export class AdminListenError extends Error {
  override readonly name = "AdminListenError";
}

/** The listener. */
export interface AdminListener {
  /** Where it listens; "" until it does. */
  url: string;
  /** Starts to listen; rejects with an AdminListenError. */
  listen(): Promise<void>;
  close(): Promise<void>;
}

/** More than Prometheus and some operators need. */
const MAX_CONNECTIONS = 100;
const LIMITS = {
  trustProxy: false,
  maxConnections: MAX_CONNECTIONS,
  maxConnectionsPerAddress: MAX_CONNECTIONS,
  pingIntervalMs: 30_000,
  pingTimeoutMs: 30_000,
};

/** Creates the listener. */
export function createAdminListener(
  { adminPort = 0, adminHost, adminToken }: AdminOptions,
  deps: AdminDeps,
): AdminListener {
  const { monitor, signaling, rooms, log } = deps;
  const { application, reports } = signaling;
  const { metrics } = monitor;
  const logFault = createFaultLog(log);
  const router = createAdminRouter({
    token: adminToken,
    metrics: async () => ({
      contentType: metrics.contentType,
      text: await monitor.text(await readStatus(deps)),
    }),
    rooms: () => rooms.sizes(),
    peers: reports.peers,
    timeline: reports.timeline,
    disconnect: application.disconnect,
    closeRoom: application.closeRoom,
    drain: () => {
      application.drain().catch((err) => logFault({ err }, "draining failed"));
    },
    publicFolder: PUBLIC_FOLDER,
  });
  const app = createHttpApp(router, (err) => logFault({ err }, "a request failed"));
  const server: HttpServer = createHttpServer(app, LIMITS);
  const logListening = (err: Error) => logFault({ err }, "the admin listener failed");
  guardRequests(server);

  const listener: AdminListener = {
    url: "",
    listen: async () => {
      try {
        listener.url = urlOf(adminHost, await listenOn(server, adminPort, adminHost, logListening));
      } catch (cause) {
        throw new AdminListenError("the admin listener can't listen", { cause });
      }
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      metrics.close();
    },
  };
  return listener;
}

async function readStatus({ floods, rooms, status, signaling, log }: AdminDeps): Promise<Status> {
  const connections: Record<string, number> = { websocket: 0, polling: 0 };
  let queuedMessages = 0;
  let queuedBytes = 0;
  for (const connection of floods.open) {
    const { name } = connection.transport;
    connections[name] = (connections[name] ?? 0) + 1;
    const { queued } = floods.of(connection);
    queuedMessages += queued.messages;
    queuedBytes += queued.bytes;
  }
  return {
    connections,
    ...(await rooms.count()),
    ...signaling.kept(),
    queuedMessages,
    queuedBytes,
    logLinesDropped: log.linesDropped?.() ?? 0,
    redis: status?.(),
  };
}
