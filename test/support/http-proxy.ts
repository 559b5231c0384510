/** An HTTP proxy before a server, of the kind that doesn't know WebSockets. */

import { createServer, request } from "node:http";
import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** What becomes of a request for a WebSocket: a status that refuses it, no answer, an end, or what it should. */
export type OnUpgrade = 400 | 403 | 426 | "swallow" | "drop" | "pass";

/** Starts one on a port of its own; ends with the test. */
export async function startProxy(target: string, onUpgrade: OnUpgrade) {
  const { hostname, port } = new URL(target);
  /** The transport of each connection's first request, and of each upgrade. */
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const proxy = createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const { searchParams } = new URL(url ?? "", target);
    if (searchParams.has("transport") && !searchParams.has("sid")) asked.push("polling");
    const onward = request({ hostname, port, method, path: url, headers }, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  const state = { onUpgrade };
  proxy.on("upgrade", ({ url, rawHeaders }, client: Socket, head) => {
    asked.push("websocket");
    client.on("error", () => {});
    if (state.onUpgrade === "swallow") return;
    if (state.onUpgrade === "drop") return void client.destroy();
    if (state.onUpgrade !== "pass") {
      return void client.end(`HTTP/1.1 ${state.onUpgrade} No\r\nContent-Length: 0\r\n\r\n`);
    }
    const server = connect(Number(port), hostname);
    server.on("error", () => client.destroy());
    const lines = rawHeaders.map((text, i) => (i % 2 ? `${text}\r\n` : `${text}: `));
    server.write(`GET ${url} HTTP/1.1\r\n${lines.join("")}\r\n`);
    server.write(head);
    client.pipe(server).pipe(client);
  });
  proxy.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  const address = proxy.address();
  if (!address || typeof address === "string") throw new Error("not listening on a port");
  return Object.assign(state, { url: `http://localhost:${address.port}`, asked });
}
