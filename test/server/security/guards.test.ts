/** The guards on an application's own HTTP server: only the requests that are ours are concerned. */

import { once } from "node:events";
import { createServer, IncomingMessage, type Server, ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { absorbConnectionErrors, refusePipelining } from "../../../src/connections/http-guards.ts";
import { createCertificate } from "../../support/application.ts";
import { openTcp } from "../../support/tcp.ts";
import { request, upgradeRequest } from "../../support/wire.ts";

/** A server that answers when told, and that counts the requests which Node creates. */
async function startApplication({ prepare = (_server: Server) => {}, hasTls = false } = {}) {
  const waiting: ServerResponse[] = [];
  let created = 0;
  class Counted extends IncomingMessage {
    constructor(socket: Socket) {
      super(socket);
      created++;
    }
  }
  const onRequest = (_request: IncomingMessage, response: ServerResponse) => {
    waiting.push(response);
  };
  const server = hasTls
    ? createHttps({ ...createCertificate(), IncomingMessage: Counted }, onRequest)
    : createServer({ IncomingMessage: Counted }, onRequest);
  prepare(server);
  absorbConnectionErrors(server);
  refusePipelining(server, ({ url }) => url?.startsWith("/socket.io/") ?? false);
  onTestFinished(() => void server.close());
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, server, waiting, countCreated: () => created };
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

test("of 1,900 requests in one write, Node creates the first and the one that is refused", async () => {
  const { url, waiting, countCreated } = await startApplication();
  await (await openTcp(url, request("/socket.io/").repeat(1_900))).ended();
  expect(countCreated()).toBe(2);
  expect(waiting).toHaveLength(1);
});

test("with TLS, one for each record of 16 KiB", async () => {
  const { url, waiting, countCreated } = await startApplication({ hasTls: true });
  const { hostname: host, port } = new URL(url);
  const socket = connectTls({ host, port: Number(port), rejectUnauthorized: false });
  socket.on("error", () => {});
  socket.write(request("/socket.io/").repeat(1_900));
  await new Promise((resolve) => socket.once("close", resolve));
  expect(countCreated()).toBeLessThan(10);
  expect(waiting).toHaveLength(1);
});

test("without Node's parser in reach, all but the first are refused as well", async () => {
  const { url, waiting } = await startApplication({
    prepare: (server) => {
      server.on("connection", (connection) => Object.assign(connection, { parser: undefined }));
    },
  });
  await (await openTcp(url, request("/socket.io/").repeat(100))).ended();
  expect(waiting).toHaveLength(1);
});

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
