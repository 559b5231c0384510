/** A load balancer without affinity: TCP, to the nodes in turn. One that refuses is passed over. */

import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Cluster } from "../../support/nodes.ts";

export class Balancer {
  private readonly server: Server;
  private readonly cluster: Cluster;
  private readonly sockets = new Set<Socket>();
  private turn = 0;

  static async open(cluster: Cluster): Promise<Balancer> {
    const balancer = new Balancer(cluster);
    balancer.server.listen(0, "127.0.0.1");
    await once(balancer.server, "listening");
    return balancer;
  }

  private constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.server = createServer((client) => void this.pass(client));
  }

  get url(): string {
    const address = this.server.address();
    if (!address || typeof address === "string") throw new Error("not listening on a port");
    return `http://127.0.0.1:${address.port}`;
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private async pass(client: Socket): Promise<void> {
    this.keep(client);
    const server = await this.reach();
    if (!server) return void client.resetAndDestroy();
    this.keep(server);
    client.pipe(server);
    server.pipe(client);
    for (const [end, other] of [
      [client, server],
      [server, client],
    ] as const) {
      if (end.destroyed) other.destroy();
      end.once("close", () => other.destroy());
    }
  }

  /** A connection to the next node that takes it. */
  private async reach(): Promise<Socket | undefined> {
    for (let tries = this.cluster.nodes.length; tries > 0; tries--) {
      const { port } = new URL(this.cluster.url(this.turn++));
      const socket = connect({ host: "127.0.0.1", port: Number(port), noDelay: true });
      try {
        await once(socket, "connect");
        return socket;
      } catch {
        // The next one, then.
      }
    }
    return undefined;
  }

  private keep(socket: Socket): void {
    socket.setNoDelay(true);
    this.sockets.add(socket);
    // A reset is an end as good as any; "close" follows.
    socket.on("error", () => {});
    socket.once("close", () => this.sockets.delete(socket));
  }
}
