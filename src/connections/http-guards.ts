/** Guards for an HTTP or HTTPS server; it may serve other things besides. */

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Server as NetServer } from "node:net";
import type { Duplex } from "node:stream";

/**
 * Keeps an error of a TCP connection from ending the process. Node removes its own error listener from
 * a connection that requests an upgrade; the new owner adds one later, or never.
 */
export function absorbConnectionErrors(server: NetServer): void {
  // The stream destroys itself on an error, so there is nothing to do.
  const absorb = (connection: Duplex) => void connection.on("error", () => {});
  server.on("connection", absorb);
  server.on("secureConnection", absorb);
}

/** Why a connection was ended: it sent a request before its last one was answered. */
export class PipeliningError extends Error {
  override readonly name = "PipeliningError";
}

/**
 * Ends a connection that sends a request, or an upgrade, before its last one was answered. Browsers
 * and proxies don't. Node would handle all of them at once and hold every answer in memory, with its
 * file open: 64 KB of requests hold 2,000 files open.
 *
 * Call it after all other listeners were added. Requests for which `isOurs` is false pass.
 */
export function refusePipelining(
  server: Server,
  isOurs: (request: IncomingMessage) => boolean = () => true,
): void {
  const unanswered = new WeakSet<Duplex>();

  function isRefused(request: IncomingMessage): boolean {
    const { socket } = request;
    if (!isOurs(request)) return false;
    // Node may still parse data that had arrived before the connection was destroyed.
    if (socket.destroyed) return true;
    if (!unanswered.has(socket)) return false;
    socket.destroy(new PipeliningError("a request before the last one was answered"));
    return true;
  }

  stopParsingAt(server, isRefused);
  filterRequests(server, (request, response) => {
    const { socket } = request;
    if (isRefused(request)) return false;
    unanswered.add(socket);
    response.once("close", () => {
      unanswered.delete(socket);
      // After an upgrade or a CONNECT, Node doesn't end the earlier requests of the connection.
      if (socket.destroyed) request.destroy();
    });
    return true;
  });
  const listeners = server.listeners("upgrade");
  server.removeAllListeners("upgrade");
  server.on("upgrade", (request, connection, head) => {
    if (isRefused(request)) return;
    for (const listener of listeners) listener.call(server, request, connection, head);
    // Since there is this listener, Node doesn't end it.
    const isAlone = listeners.length === 0 && server.listenerCount("upgrade") === 1;
    if (isAlone) connection.destroy();
  });
}

/** What `onIncoming` of Node's parser returns for an upgrade: the data that follow are no HTTP. */
const NO_MORE_HTTP = 2;

/**
 * Has Node parse nothing behind a request that is refused. Otherwise it parses all that it has read, and makes
 * some 1,900 requests and answers, and an error for each, of 64 KiB.
 *
 * The parser is not part of Node's documented interface. Where it is missing, the requests come to the server's
 * listeners, which refuse them too.
 */
function stopParsingAt(server: Server, isRefused: (request: IncomingMessage) => boolean): void {
  const watch = (connection: Duplex) => {
    const parser: unknown = "parser" in connection ? connection.parser : undefined;
    if (typeof parser !== "object" || parser === null || !("onIncoming" in parser)) return;
    const { onIncoming } = parser;
    if (typeof onIncoming !== "function") return;
    parser.onIncoming = (request: IncomingMessage, ...rest: unknown[]): unknown =>
      isRefused(request) ? NO_MORE_HTTP : onIncoming.call(parser, request, ...rest);
  };
  // Node's own listeners, which come first, give the connection its parser.
  server.on("connection", watch);
  server.on("secureConnection", watch);
}

/**
 * Answers requests without a Host header, which Node would do as well (RFC 9112, 3.2), but past all
 * listeners and so past `refusePipelining`. Goes with `requireHostHeader: false`.
 */
export function requireHost(server: Server): void {
  filterRequests(server, ({ headers, httpVersion }, response) => {
    if (headers.host !== undefined || httpVersion !== "1.1") return true;
    response.writeHead(400, { Connection: "close" }).end();
    return false;
  });
}

/** Calls the present listeners only for requests that `isAllowed` accepts. */
function filterRequests(
  server: Server,
  isAllowed: (request: IncomingMessage, response: ServerResponse) => boolean,
): void {
  const listeners = server.listeners("request");
  server.removeAllListeners("request");
  server.on("request", (request, response) => {
    if (!isAllowed(request, response)) return;
    for (const listener of listeners) listener.call(server, request, response);
  });
}
