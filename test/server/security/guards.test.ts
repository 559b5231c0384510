/** The guards on an application's own HTTP server: only the requests that are ours are concerned. */

import { once } from "node:events";
import { createServer, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { absorbConnectionErrors, refusePipelining } from "../../../src/connections/http-guards.ts";
import { openTcp } from "../../support/tcp.ts";
import { request, upgradeRequest } from "../../support/wire.ts";

/** A server that answers when told. */
async function startApplication() {
  const waiting: ServerResponse[] = [];
  const server = createServer((_request, response) => void waiting.push(response));
  absorbConnectionErrors(server);
  refusePipelining(server, ({ url }) => url?.startsWith("/socket.io/") ?? false);
  onTestFinished(() => void server.close());
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, server, waiting };
}

test("the application's requests may be pipelined", async () => {
  const { url, server, waiting } = await startApplication();
  const tcp = await openTcp(url, request("/one") + request("/two"));
  while (waiting.length < 2) await once(server, "request");
  for (const [n, response] of waiting.entries()) response.end(`answer ${n}`);
  while (!/answer 0.*answer 1/s.test(tcp.read())) await once(tcp.socket, "data");
});

test.each(["/one", "/socket.io/"])(
  "ours behind an unanswered %s ends the connection",
  async (path) => {
    const { url, waiting } = await startApplication();
    await (await openTcp(url, request(path) + request("/socket.io/"))).ended();
    expect(waiting).toHaveLength(1);
  },
);

test("a request that is read after its connection was destroyed isn't handled", async () => {
  const { url, server, waiting } = await startApplication();
  const tcp = await openTcp(url, request("/socket.io/"));
  await once(server, "request");
  const [response] = waiting.splice(0) as [ServerResponse];
  tcp.socket.resetAndDestroy();
  await once(response, "close");
  server.emit("request", response.req, new ServerResponse(response.req));
  expect(waiting).toHaveLength(0);
});

test("a reset of a connection that nobody took over throws nothing", async () => {
  const { url, server } = await startApplication();
  const upgraded = new Promise<Socket>((resolve) => {
    server.on("upgrade", (_request, connection) => resolve(connection as Socket));
  });
  const tcp = await openTcp(url, upgradeRequest("/elsewhere"));
  const connection = await upgraded;
  expect(connection.listenerCount("error")).toBe(1);
  const failed = new Promise((resolve) => connection.once("close", resolve));
  tcp.socket.resetAndDestroy();
  connection.resume();
  expect(await failed).toBe(true);
});
