/** Savings of CPU time and memory in Node, ws and Engine.IO; `npm run bench` measures them. */

import type { EventEmitter } from "node:events";
import type { IncomingMessage, Server } from "node:http";
import { Duplex } from "node:stream";

/**
 * Writes all frames that a WebSocket sends in one turn of the event loop with one system call. Browsers
 * find candidates in groups: for six of them, relayed and acknowledged, that is 3 system calls instead
 * of 12.
 */
export function coalesceWrites(httpServer: Server): void {
  httpServer.on("upgrade", (_request, connection: Duplex) => {
    connection.cork = corkForThisTurn;
  });
}

/** ws corks and uncorks for each frame. One more cork until the next tick holds the frames together. */
function corkForThisTurn(this: Duplex): void {
  if (this.writableCorked === 0) {
    Duplex.prototype.cork.call(this);
    process.nextTick(uncork, this);
  }
  Duplex.prototype.cork.call(this);
}

function uncork(connection: Duplex): void {
  connection.uncork();
}

/**
 * Drops the headers of handshake requests, which Engine.IO keeps as long as the connection.
 *
 * @param when they are no longer used: once the connection is made, or once its socket is let in
 */
export function forgetHandshakes(httpServer: Server, io: Io, when: "made" | "let in"): void {
  // The token has been checked. As objects, the JSON of one message may take 3 MB, for as long as the socket.
  io.on("connection", ({ handshake }) => {
    handshake.auth = {};
  });
  if (when === "made") {
    io.engine.on("connection", ({ request }: { request: IncomingMessage }) => forget(request));
    // By then the WebSocket is open or refused.
    httpServer.on("upgrade", (request) => setImmediate(forget, request));
    return;
  }
  io.on("connection", ({ request, handshake }) => {
    forget(request);
    handshake.headers = {};
  });
}

/** The part of a Socket.IO server that is used. */
interface Io {
  readonly engine: EventEmitter;
  on(
    event: "connection",
    listener: (socket: {
      request: IncomingMessage;
      handshake: { headers: object; auth: object };
    }) => void,
  ): unknown;
}

function forget(request: IncomingMessage): void {
  request.headers = {};
  request.rawHeaders = [];
}

/**
 * Frees polling connections that ended between two polls. Engine.IO keeps each for 30 s more, to answer the
 * next poll with a close packet; but the session is removed already, so that poll is refused anyway.
 */
export function forgetEndedPolling(io: Pick<Io, "engine">): void {
  io.engine.on("connection", (connection: EventEmitter & { readonly transport: object }) => {
    connection.on("close", () => {
      const { transport } = connection;
      if ("shouldClose" in transport && typeof transport.shouldClose === "function") {
        transport.shouldClose();
      }
    });
  });
}

/**
 * Serves Socket.IO's client bundle uncompressed. Socket.IO compresses it again for each request: with Brotli,
 * which browsers prefer, 210 ms of CPU time instead of 4.
 */
export function serveClientAsIs(httpServer: Server, path: string): void {
  httpServer.prependListener("request", ({ url, headers }: IncomingMessage) => {
    if (url?.startsWith(path)) delete headers["accept-encoding"];
  });
}
