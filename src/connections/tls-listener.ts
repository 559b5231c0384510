/** HTTPS beside an HTTP server: connections are decrypted and handed over to it, with all its limits. */

import type { Server as HttpServer } from "node:http";
import type { Socket } from "node:net";
import { createServer } from "node:tls";
import { absorbConnectionErrors } from "./http-guards.ts";
import { limitTcp, type TcpLimits } from "./http-server.ts";
import { listenOn } from "./listening.ts";

/** Options of a listener for TLS. */
export interface TlsOptions extends TcpLimits {
  /** The key and its certificate. */
  readonly pem: string;
  /** How long a handshake may take, in milliseconds; 10,000 by default. */
  readonly handshakeMs?: number;
}

/** A listener for TLS. */
export interface TlsListener {
  /** Resolves with the port; rejects with the error of `net.Server`, such as EADDRINUSE. */
  listen(port: number): Promise<number>;
  /** Stops listening, and cuts what is still connected. */
  close(): Promise<void>;
}

/**
 * Creates a listener for TLS on all interfaces, which emits the connections as those of `httpServer`.
 *
 * @param reportError gets the errors of a listener that listens, such as no descriptors
 */
export function createTlsListener(
  httpServer: HttpServer,
  options: TlsOptions,
  reportError: (error: Error) => void,
): TlsListener {
  const { pem, handshakeMs = 10_000 } = options;
  const server = createServer({
    key: pem,
    cert: pem,
    ALPNProtocols: ["http/1.1"],
    handshakeTimeout: handshakeMs,
  });
  const open = new Set<Socket>();
  absorbConnectionErrors(server);
  // The HTTP server counts a connection once its handshake is done. Until then it counts here alone.
  limitTcp(server, options);
  server.on("connection", (connection: Socket) => {
    open.add(connection);
    connection.once("close", () => open.delete(connection));
  });
  // A handshake that failed, or took too long. Node leaves it open.
  server.on("tlsClientError", (_error, connection) => connection.destroy());
  // Documented for `http.Server`: a duplex stream may be injected by this event.
  server.on("secureConnection", (connection) => httpServer.emit("connection", connection));

  return {
    listen: (port) => listenOn(server, port, "", reportError),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const connection of open) connection.destroy();
      }),
  };
}
