/** Listening on a TCP port. */

import type { Server } from "node:net";

/**
 * Starts to listen. Resolves with the port; rejects with the error of `net.Server`, such as EADDRINUSE.
 *
 * @param host "" means all interfaces
 * @param onError gets later errors: connections that can't be accepted, for want of descriptors or memory
 */
export function listenOn(
  server: Server,
  port: number,
  host: string,
  onError: (error: Error) => void,
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(host && { host }) }, () => {
      server.off("error", reject);
      server.on("error", onError);
      const address = server.address();
      if (address === null || typeof address === "string") {
        return reject(new Error("not listening on a port"));
      }
      resolve(address.port);
    });
  });
}
