/** The part of an HTTP server that is ours: requests and upgrades below one path. */

import { createServer, type Server as HttpServer, type IncomingMessage } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Duplex } from "node:stream";

/** What is taken out of a server. */
export interface Diversion {
  /** Never listens itself; emits "request" and "upgrade" for what is below the path. */
  readonly server: HttpServer;
  /**
   * Leaves everything to the server's own listeners again. Resolves when every connection that was upgraded
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
 * Takes what is below `path` out of `httpServer`: its present listeners for "request" and "upgrade" hear
 * everything else, as before. Listeners that are added later hear all of it.
 */
export function divertPath(httpServer: HttpServer | HttpsServer, path: string): Diversion {
  const server = createServer();
  const upgraded = new Set<Duplex>();
  let isReleased = false;
  const isBelowPath = isBelow(path);
  const isOurs = (request: IncomingMessage) => !isReleased && isBelowPath(request);

  const onRequest = takeListeners(httpServer, "request");
  httpServer.on("request", (request, response) => {
    if (isOurs(request)) server.emit("request", request, response);
    else for (const listener of onRequest) listener.call(httpServer, request, response);
  });

  const onUpgrade = takeListeners(httpServer, "upgrade");
  httpServer.on("upgrade", (request, connection, head) => {
    if (isOurs(request)) {
      upgraded.add(connection);
      connection.on("close", () => upgraded.delete(connection));
      server.emit("upgrade", request, connection, head);
      return;
    }
    for (const listener of onUpgrade) listener.call(httpServer, request, connection, head);
    // When nobody else listens, nobody else would end it.
    const isAlone = onUpgrade.length === 0 && httpServer.listenerCount("upgrade") === 1;
    if (isAlone) connection.destroy();
  });

  return {
    server,
    release: async (graceMs) => {
      isReleased = true;
      const cut = setTimeout(() => {
        for (const connection of upgraded) connection.destroy();
      }, graceMs);
      await Promise.all([...upgraded].map(closed));
      clearTimeout(cut);
    },
  };
}

function takeListeners(server: HttpServer, event: "request" | "upgrade") {
  const listeners = server.listeners(event);
  server.removeAllListeners(event);
  return listeners;
}

/** Unlike `events.once`, this doesn't reject when the connection breaks off. */
function closed(connection: Duplex): Promise<void> {
  return new Promise((resolve) => connection.once("close", () => resolve()));
}
