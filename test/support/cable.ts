/** What lies between a client and a server, to be cut. */

import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** Passes TCP on to the server at `target`, on a port of its own. */
export async function layCable(target: string) {
  const { hostname, port } = new URL(target);
  const near = new Set<Socket>();
  const far = new Set<Socket>();
  const cable = createServer((client) => {
    const server = connect(Number(port), hostname);
    near.add(client);
    far.add(server);
    // A reset is an end as good as any.
    for (const end of [client, server]) end.on("error", () => {});
    client.on("data", (data) => server.write(data)).on("end", () => server.end());
    server.on("data", (data) => client.write(data)).on("end", () => client.end());
  });
  await new Promise<void>((resolve) => cable.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const end of [...near, ...far]) end.destroy();
    cable.close();
  });
  const address = cable.address();
  if (!address || typeof address === "string") throw new Error("not listening on a port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    /** The clients see their connections end; the server sees nothing, and hears nothing more. */
    cut: () => {
      for (const client of near) client.removeAllListeners("end").destroy();
      near.clear();
    },
  };
}
