/** The part of an HTTP server that is ours: requests and upgrades below one path. */

import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { Duplex } from "node:stream";

/** What was taken out of a server. */
export interface Diversion {
  /** Never listens itself; emits "request" and "upgrade" for what is below the path. */
  readonly server: Server;
  /** Passes every request on to the server's own listeners again. */
  release(): void;
}

/**
 * Takes what is below `path` out of `httpServer`, whatever else listens there. Of all other requests and
 * upgrades nothing changes. Listeners for "request" that are added later hear all of them.
 */
export function divertPath(httpServer: Server, path: string): Diversion {
  const server = createServer();
  const prefix = `${path}/`;
  let isReleased = false;
  const isOurs = ({ url }: IncomingMessage) => !isReleased && url?.startsWith(prefix);

  const others = httpServer.listeners("request");
  const onRequest: RequestListener = (request, response) => {
    if (isOurs(request)) server.emit("request", request, response);
    else for (const listener of others) listener.call(httpServer, request, response);
  };
  httpServer.removeAllListeners("request").on("request", onRequest);

  const onUpgrade = (request: IncomingMessage, connection: Duplex, head: Buffer) => {
    if (isOurs(request)) server.emit("upgrade", request, connection, head);
    // Node ends an upgrade that nobody listens for; now that we listen, that is ours to do.
    else if (httpServer.listenerCount("upgrade") === 1) connection.destroy();
  };
  httpServer.on("upgrade", onUpgrade);

  return {
    server,
    release: () => {
      isReleased = true;
      httpServer.off("upgrade", onUpgrade);
    },
  };
}
