/** TLS beside the HTTP server: what it hands over keeps the limits, and what breaks off harms nobody. */

import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, connect as connectTcp } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { createHttpServer } from "../../../src/connections/http-server.ts";
import { createTlsListener, type TlsOptions } from "../../../src/connections/tls-listener.ts";
import { createCertificate, listen } from "../../support/application.ts";
import { startWithPhone } from "../../support/phone.ts";
import { openTcp, upgradeRequest } from "../../support/tcp.ts";
import { request } from "../../support/wire.ts";

const HELLO = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";

const NO_LIMITS = { maxConnections: 0, maxConnectionsPerAddress: 0, trustProxy: false };

/** A TLS connection that is established; sends this. */
async function openTls(url: string, text = ""): Promise<TLSSocket> {
  const { hostname, port } = new URL(url);
  const socket = connectTls({ host: hostname, port: Number(port), rejectUnauthorized: false });
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, "secureConnect");
  socket.write(text);
  return socket;
}

/** What the server sent, when it has ended the connection. */
async function answerOf(socket: TLSSocket): Promise<string> {
  let answer = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    answer += text;
  });
  if (!socket.closed) await once(socket, "close");
  return answer;
}

/** A listener beside an HTTP server of the test's own; gives its URL. */
async function listenBeside(httpServer: Server, options: Partial<TlsOptions>): Promise<string> {
  const { key, cert } = createCertificate();
  await listen(httpServer);
  const all = { ...NO_LIMITS, pem: `${key}${cert}`, ...options };
  const listener = createTlsListener(httpServer, all, () => {});
  onTestFinished(() => listener.close());
  return `https://127.0.0.1:${await listener.listen(0)}`;
}

/** A server with phones, and two who call each other by HTTP. */
async function startWithBystanders() {
  const server = await startWithPhone();
  const [ada, bob] = [await server.connect(), await server.connect()];
  await ada.join("demo");
  await bob.join("demo");
  const areUnharmed = async () => {
    expect(await ada.offer("still here")).toMatchObject({ delivered: 1 });
    await bob.next("getOffer");
    const carla = await server.connect();
    expect(await carla.join("other")).toMatchObject({ ok: true });
  };
  return { ...server, areUnharmed };
}

describe("a handshake", () => {
  test.each([
    ["garbage", "nonsense\r\n\r\n"],
    ["plain HTTP", request("/health")],
    ["an SSL 2 hello", "\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10"],
  ])("of %s ends, and nobody else notices", async (_what, text) => {
    const { phoneUrl, areUnharmed } = await startWithBystanders();
    await (await openTcp(phoneUrl, text)).ended();
    await areUnharmed();
  });

  test.each([
    ["that never begins", ""],
    ["that stops", HELLO],
  ])("%s ends when its time is over, and gives its place back", async (_what, text) => {
    const url = await listenBeside(createServer(), {
      maxConnectionsPerAddress: 1,
      handshakeMs: 2_000,
    });
    // As many as an address may have. The next one is cut at once, while the others have their time.
    const idle = await Promise.all([1, 2, 3, 4].map(() => openTcp(url, text)));
    await (await openTcp(url, text)).ended();
    expect(idle.map(({ socket }) => socket.readableEnded)).toEqual([false, false, false, false]);
    await Promise.all(idle.map((tcp) => tcp.ended()));
    await openTls(url);
  });

  test("is reset at any point without harm", async () => {
    const { phoneUrl, areUnharmed } = await startWithBystanders();
    const { hostname, port } = new URL(phoneUrl);
    for (const text of ["", HELLO.slice(0, 3), HELLO, "nonsense"]) {
      const socket = connectTcp({ host: hostname, port: Number(port) }).on("error", () => {});
      await once(socket, "connect");
      socket.write(text);
      socket.resetAndDestroy();
      await once(socket, "close");
    }
    (await openTls(phoneUrl, request("/socket.io/"))).destroy();
    await areUnharmed();
  });
});

describe("what is established has the limits of the HTTP server", () => {
  test.each([
    ["pipelining", request("/health").repeat(2), /^$/],
    ["a request without Host", "GET / HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400 /],
    ["an upgrade to another path", upgradeRequest("/elsewhere"), /^$/],
    ["nonsense", "nonsense\r\n\r\n", /^HTTP\/1\.1 400 /],
  ])("%s ends it", async (_what, text, answer) => {
    const { phoneUrl, areUnharmed } = await startWithBystanders();
    expect(await answerOf(await openTls(phoneUrl, text))).toMatch(answer);
    await areUnharmed();
  });

  test("it counts as one of the address's by HTTP, and no more when it has ended", async () => {
    const limits = { ...NO_LIMITS, maxConnectionsPerAddress: 1 };
    const times = { pingIntervalMs: 10_000, pingTimeoutMs: 10_000 };
    const answer: RequestListener = (_request, response) => void response.end("hello");
    const httpServer = createHttpServer(answer, { ...limits, ...times });
    const url = await listenBeside(httpServer, {});
    const { port } = httpServer.address() as AddressInfo;
    const byHttp = () => openTcp(`http://127.0.0.1:${port}`);
    const [first] = [await openTls(url), await openTls(url), await byHttp(), await byHttp()];
    expect(await answerOf(await openTls(url))).toBe("");
    expect(await (await byHttp()).ended()).toBe("");
    first.end();
    await answerOf(first);
    const last = request("/", { headers: "Connection: close\r\n" });
    await expect.poll(async () => answerOf(await openTls(url, last))).toContain("hello");
  });

  test("nothing at all, and slow headers, end it in the HTTP server's time", async () => {
    const times = { headersTimeout: 200, connectionsCheckingInterval: 50 };
    const url = await listenBeside(createServer(times), {});
    const [idle, slow] = [await openTls(url), await openTls(url, "GET / HTTP/1.1\r\nX-A: b\r\n")];
    await Promise.all([answerOf(idle), answerOf(slow)]);
  });
});
