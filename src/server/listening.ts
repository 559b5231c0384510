/** Listening on a TCP port. */

import type { Server } from "node:net";
import type { SparseLog } from "../connections/sparse-log.ts";

/**
 * Starts to listen. Resolves with the port; rejects with the error of `net.Server`, such as EADDRINUSE.
 *
 * @param host "" means all interfaces
 * @param logFault gets later errors: connections that can't be accepted, for want of descriptors or memory
 */
export function listenOn(
  server: Server,
  port: number,
  host: string,
  logFault: SparseLog,
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(host && { host }) }, () => {
      server.off("error", reject);
      server.on("error", (err) => logFault({ err }, "the HTTP server failed"));
      const address = server.address();
      if (address === null || typeof address === "string") {
        return reject(new Error("not listening on a port"));
      }
      resolve(address.port);
    });
  });
}

/** The URL of a server on this machine. */
export function urlOf(host: string, port: number): string {
  if (["", "0.0.0.0", "::"].includes(host)) return `http://localhost:${port}`;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
