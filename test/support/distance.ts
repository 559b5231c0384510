/** A server that is far away. */

import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** Passes TCP on to the server at `target`, each round trip taking so long, that of TCP's handshake too. Gives a URL. */
export async function moveAway(target: string, roundTripMs: number): Promise<string> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  const line = createServer((client) => {
    const server = connect(Number(port), hostname);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      open.add(from);
      from.setNoDelay(true);
      from.on("error", () => {});
      from.on("data", (chunk) => setTimeout(() => to.write(chunk), roundTripMs / 2));
      from.on("close", () => setTimeout(() => to.destroy(), roundTripMs / 2));
    }
    // On loopback, a connection is accepted at once.
    client.pause();
    setTimeout(() => client.resume(), roundTripMs);
  });
  await new Promise<void>((resolve) => line.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    line.close();
  });
  const address = line.address();
  if (!address || typeof address === "string") throw new Error("not listening on a port");
  return `http://127.0.0.1:${address.port}`;
}
