/** What lies between a client and a server, to be cut. */

import { connect, createServer, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { onTestFinished } from "vitest";

/** Passes TCP on to the server at `target`, on a port of its own. */
export async function layCable(target: string) {
  const { hostname, port } = new URL(target);
  const near = new Set<Socket>();
  const far = new Set<Socket>();
  let isDown = false;
  const cable = createServer((client) => {
    if (isDown) return void client.resetAndDestroy();
    const server = connect(Number(port), hostname);
    near.add(client);
    far.add(server);
    // A reset is an end as good as any.
    for (const end of [client, server]) end.on("error", () => {});
    client.on("data", (data) => server.write(data)).on("end", () => server.end());
    server.on("data", (data) => client.write(data)).on("end", () => client.end());
  });
  const destroy = () => {
    for (const end of [...near, ...far]) end.destroy();
    near.clear();
    far.clear();
  };
  await new Promise<void>((resolve) => cable.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    destroy();
    cable.close();
  });
  const address = cable.address();
  if (!address || typeof address === "string") throw new Error("not listening on a port");
  return {
    /** Both ends see their connections end, and no other can be made for `ms`. Resolves when it is up again. */
    down: async (ms: number) => {
      isDown = true;
      destroy();
      await pause(ms);
      isDown = false;
    },
    url: `http://127.0.0.1:${address.port}`,
    /** The clients see their connections end; the server sees nothing, and hears nothing more. */
    cut: () => {
      for (const client of near) client.removeAllListeners("end").destroy();
      near.clear();
    },
  };
}
