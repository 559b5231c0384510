/** The part of an HTTP server that is ours: requests and upgrades below one path. */

import { createServer, type Server as HttpServer, type IncomingMessage } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Duplex } from "node:stream";

/** What is taken out of a server. */
export interface Diversion {
  /** Never listens itself; emits "request" and "upgrade" for what is below the path. */
  readonly server: HttpServer;
  /**
   * Leaves all requests to the server's own listeners again. Resolves when every connection that was upgraded
   * has ended; those that haven't after `graceMs` are cut.
   */
  release(graceMs: number): Promise<void>;
}

/** Whether a request is for something below `path`. */
export function isBelow(path: string): (request: IncomingMessage) => boolean {
  const prefix = `${path}/`;
  return ({ url = "" }) => url.startsWith(prefix);
}

/**
 * Takes what is below `path` out of `httpServer`, whatever else listens there. Of all other requests and
 * upgrades nothing changes. Listeners for "request" that are added later hear all of them.
 */
export function divertPath(httpServer: HttpServer | HttpsServer, path: string): Diversion {
  const server = createServer();
  const isBelowPath = isBelow(path);
  const upgraded = new Set<Duplex>();
  let isReleased = false;

  const others = httpServer.listeners("request");
  httpServer.removeAllListeners("request");
  httpServer.on("request", (request, response) => {
    if (!isReleased && isBelowPath(request)) server.emit("request", request, response);
    else for (const listener of others) listener.call(httpServer, request, response);
  });

  const onUpgrade = (request: IncomingMessage, connection: Duplex, head: Buffer) => {
    if (!isBelowPath(request)) {
      // Node ends an upgrade that nobody listens for. Now that we listen, that is ours to do.
      if (httpServer.listenerCount("upgrade") === 1) connection.destroy();
      return;
    }
    upgraded.add(connection);
    connection.on("close", () => upgraded.delete(connection));
    server.emit("upgrade", request, connection, head);
  };
  httpServer.on("upgrade", onUpgrade);

  return {
    server,
    release: async (graceMs) => {
      isReleased = true;
      httpServer.off("upgrade", onUpgrade);
      const cut = setTimeout(() => {
        for (const connection of upgraded) connection.destroy();
      }, graceMs);
      // Not `once` of node:events, which rejects when the connection is reset.
      const closed = (connection: Duplex) =>
        new Promise((resolve) => connection.once("close", resolve));
      await Promise.all([...upgraded].map(closed));
      clearTimeout(cut);
    },
  };
}
