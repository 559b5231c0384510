/** The guards on an application's own HTTP server: only the requests that are ours are concerned. */

import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { absorbConnectionErrors, refusePipelining } from "../../../src/connections/http-guards.ts";
import { openTcp } from "../../support/tcp.ts";

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

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
  const tcp = await openTcp(url, get("/one") + get("/two"));
  while (waiting.length < 2) await once(server, "request");
  for (const [n, response] of waiting.entries()) response.end(`answer ${n}`);
  while (!/answer 0.*answer 1/s.test(tcp.read())) await once(tcp.socket, "data");
});

test.each(["/one", "/socket.io/"])(
  "ours behind an unanswered %s ends the connection",
  async (path) => {
    const { url, waiting } = await startApplication();
    await (await openTcp(url, get(path) + get("/socket.io/"))).ended();
    expect(waiting).toHaveLength(1);
  },
);
