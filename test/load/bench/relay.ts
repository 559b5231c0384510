/** A TCP relay on loopback with the delay of a network. */

import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

export class SlowRelay {
  readonly url: string;
  private readonly server: Server;
  private readonly sockets: Set<Socket>;

  /** @param oneWayMs what each way takes; a connection takes both ways before the first byte is sent */
  static async start(target: URL, oneWayMs: number): Promise<SlowRelay> {
    const sockets = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      const port = Number(target.port);
      const upstream = connect({
        host: target.hostname,
        port,
        allowHalfOpen: true,
        noDelay: true,
      });
      sockets.add(client).add(upstream);
      pipe(client, upstream, { oneWayMs, setUpMs: 2 * oneWayMs });
      pipe(upstream, client, { oneWayMs, setUpMs: 0 });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("not listening on a port");
    return new SlowRelay(server, sockets, address.port);
  }

  private constructor(server: Server, sockets: Set<Socket>, port: number) {
    this.server = server;
    this.sockets = sockets;
    this.url = `http://127.0.0.1:${port}`;
  }

  stop(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

/** Passes on what comes, later and in order. Nothing leaves before the connection is set up. */
function pipe(
  from: Socket,
  to: Socket,
  { oneWayMs, setUpMs }: { oneWayMs: number; setUpMs: number },
): void {
  const openAt = performance.now() + setUpMs;
  const pending: (() => void)[] = [];
  const later = (step: () => void) => {
    const leavesAt = Math.max(openAt, performance.now());
    pending.push(step);
    // Timers of different lengths may fire in another order than they are due.
    setTimeout(() => pending.shift()?.(), leavesAt + oneWayMs - performance.now());
  };
  from.on("data", (data) => later(() => to.write(data)));
  from.on("end", () => later(() => to.end()));
  // What is reset at one end is gone at the other.
  from.on("error", () => later(() => to.destroy()));
}
