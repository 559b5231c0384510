/** A signaling server that stands alone: its own HTTP server, and Express around the routes. */

import type { Server as HttpServer } from "node:http";
import { type Config, createConfig } from "../config/config.ts";
import type { SignalingServerOptions } from "../config/options.ts";
import { createHttpServer, guardRequests } from "../connections/http-server.ts";
import { listenOn } from "../connections/listening.ts";
import { createFaultLog } from "../connections/sparse-log.ts";
import { createHttpApp } from "../http/app.ts";
import { createLogger } from "../log/logger.ts";
import { attach, type Overrides, type Signaling } from "./attach.ts";

/** A signaling server with its own HTTP server. */
export interface SignalingServer extends Signaling {
  /** The HTTP server, created but not listening until `listen` is called. */
  readonly httpServer: HttpServer;
  /**
   * Starts to listen. Resolves with the port; rejects with the error of `net.Server`, such as EADDRINUSE.
   */
  listen(): Promise<number>;
}

/**
 * Creates a signaling server: Express and Socket.IO on one HTTP server. Call `listen` to start it.
 *
 * @throws ConfigError with a line for each invalid or unknown option
 */
export function createSignalingServer(options: SignalingServerOptions = {}): SignalingServer {
  return buildServer(createConfig(options));
}

/** Builds a server from its configuration. */
export function buildServer(config: Config, overrides: Overrides = {}) {
  const { log = createLogger({ level: config.logLevel }) } = overrides;
  const httpServer = createHttpServer((request, response) => app(request, response), config);
  const signaling = attach(httpServer, config, { ...overrides, log });
  const logFault = createFaultLog(log);
  const app = createHttpApp(signaling.router, (err) => logFault({ err }, "a request failed"));
  const logListening = (err: Error) => logFault({ err }, "the HTTP server failed");
  guardRequests(httpServer);
  let closing: Promise<void> | undefined;

  return {
    ...signaling,
    httpServer,

    listen: async () => {
      await signaling.admin?.listen();
      return listenOn(httpServer, config.port, config.host, logListening);
    },

    close: () => {
      closing ??= end();
      return closing;
    },
  };

  async function end(): Promise<void> {
    const closed = new Promise((resolve) => httpServer.close(resolve));
    await signaling.close();
    // Idle keep-alive connections, and clients that don't read their answer.
    httpServer.closeAllConnections();
    await closed;
  }
}
