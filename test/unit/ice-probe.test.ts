/** The check of STUN and TURN servers, against servers that misbehave. */

import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import { warnOfIceFaults } from "../../src/ice/probe/probe.ts";
import {
  ATTRIBUTES,
  decodeMessage,
  hasIntegrity,
  longTermKey,
  METHODS,
} from "../../src/ice/probe/stun-message.ts";
import { createLogger } from "../../src/log/logger.ts";
import {
  answer,
  error,
  KEY,
  MAPPED,
  nonce,
  probe,
  REALM,
  RELAYED,
  udpServer,
} from "../support/stun-server.ts";

async function tcpServer(serve: (socket: Socket) => void) {
  const server = createServer((socket) => serve(socket.on("error", () => {})));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  if (!address || typeof address === "string") throw new Error("not listening on a port");
  return address.port;
}

describe("over UDP", () => {
  test("a request that was lost is sent again", async () => {
    const requests: Buffer[] = [];
    const port = await udpServer((request, n) => {
      requests.push(request);
      return n === 1 ? answer(request, true, [MAPPED]) : undefined;
    });
    const result = await probe(`stun:127.0.0.1:${port}`);
    expect(result).toMatchObject({ reachable: true });
    expect(result).not.toHaveProperty("fault");
    expect(requests[1]).toEqual(requests[0]);
  });

  test("one that never answers is given up", async () => {
    const port = await udpServer(() => undefined);
    expect(await probe(`turn:127.0.0.1:${port}`, 300)).toMatchObject({
      reachable: false,
      fault: `no answer within 0.3 s; does a firewall let UDP port ${port} pass?`,
    });
  });

  test("an answer to somebody else is none", async () => {
    const port = await udpServer((request) => {
      const other = Buffer.from(request);
      other.fill(0, 8, 20);
      return answer(other, true, [MAPPED]);
    });
    expect(await probe(`stun:127.0.0.1:${port}`, 300)).toMatchObject({ reachable: false });
  });

  test("a nonce that has run out is replaced once", async () => {
    const nonces: unknown[] = [];
    const port = await udpServer((request, n) => {
      nonces.push(decodeMessage(request)?.attributes.get(ATTRIBUTES.nonce)?.toString());
      if (n === 0) return answer(request, false, [error(401), REALM, nonce("one")]);
      if (n === 1) return answer(request, false, [error(438), REALM, nonce("two")]);
      return answer(request, true, [RELAYED], KEY);
    });
    expect(await probe(`turn:127.0.0.1:${port}`)).toMatchObject({
      credential: "accepted",
      relay: "192.0.2.1:32853",
    });
    expect(nonces.slice(0, 3)).toEqual([undefined, "one", "two"]);
    expect(new Set(nonces.slice(3))).toEqual(new Set(["two"]));
  });

  test("the request is signed with the long-term key", async () => {
    let signed = false;
    const port = await udpServer((request, n) => {
      if (n === 0) return answer(request, false, [error(401), REALM, nonce("one")]);
      const message = decodeMessage(request);
      signed ||= message !== undefined && hasIntegrity(message, KEY);
      return answer(request, true, [RELAYED], KEY);
    });
    await probe(`turn:127.0.0.1:${port}`);
    expect(signed).toBe(true);
  });

  test("an answer that isn't signed with the credential isn't believed", async () => {
    const port = await udpServer((request, n) =>
      n === 0
        ? answer(request, false, [error(401), REALM, nonce("one")])
        : answer(request, true, [RELAYED], longTermKey("ada", "realm", "other")),
    );
    expect(await probe(`turn:127.0.0.1:${port}`)).toMatchObject({
      fault: "the server's answer isn't signed with the credential",
    });
  });

  test.each([
    [486, /quota/],
    [508, /min-port/],
    [403, /^it refuses: 403/],
  ])("error %i is told in words", async (code, words) => {
    const port = await udpServer((request) => answer(request, false, [error(code)]));
    expect(await probe(`turn:127.0.0.1:${port}`)).toMatchObject({
      reachable: true,
      fault: expect.stringMatching(words),
    });
  });

  test("an answer without an address is told", async () => {
    const port = await udpServer((request) => answer(request, true, []));
    expect(await probe(`stun:127.0.0.1:${port}`)).toMatchObject({
      fault: "the server's answer has no address in it",
    });
  });
});

describe("over TCP", () => {
  test("an answer in pieces is put together", async () => {
    const port = await tcpServer((socket) => {
      socket.setNoDelay();
      socket.once("data", (request) => {
        const bytes = answer(request, true, [RELAYED]);
        socket.write(bytes.subarray(0, 7), () => socket.write(bytes.subarray(7)));
        socket.on("data", (refresh) => socket.write(answer(refresh, true, [])));
      });
    });
    const result = await probe(`turn:127.0.0.1:${port}?transport=tcp`);
    expect(result).toMatchObject({ relay: "192.0.2.1:32853" });
  });

  test.each([
    ["a web server", "HTTP/1.1 400 Bad Request\r\n\r\n", "what answers there is no STUN server"],
    ["one that hangs up", "", "the server has closed the connection"],
  ])("%s is told", async (_what, text, fault) => {
    const port = await tcpServer((socket) => socket.once("data", () => socket.end(text)));
    expect(await probe(`turn:127.0.0.1:${port}?transport=tcp`)).toMatchObject({ fault });
  });

  test("one that never says a word, TLS or not, is given up", async () => {
    const port = await tcpServer(() => {});
    const [tcp, tls] = [`turn:127.0.0.1:${port}?transport=tcp`, `turns:127.0.0.1:${port}`];
    for (const url of [tcp, tls]) {
      expect(await probe(url, 300)).toMatchObject({
        fault: `no answer within 0.3 s; does a firewall let TCP port ${port} pass?`,
      });
    }
  });
});

test("a name that leads nowhere is told", async () => {
  expect(await probe("stun:nowhere.invalid")).toMatchObject({
    reachable: false,
    fault: "its name doesn't resolve to an address",
  });
});

test("what doesn't work is a warning in the log, without a credential", async () => {
  const well = await udpServer((request) => answer(request, true, [MAPPED]));
  const ill = await udpServer((request) => answer(request, false, [error(401)]));
  const denying = await udpServer((request) =>
    decodeMessage(request)?.method === METHODS.createPermission
      ? answer(request, false, [error(403)])
      : answer(request, true, [RELAYED]),
  );
  const lines: string[] = [];
  const log = createLogger({ level: "info", destination: { write: (line) => lines.push(line) } });
  const [refusing, narrow] = [`turn:127.0.0.1:${ill}`, `turn:127.0.0.1:${denying}`];
  const env = { STUN_URLS: `stun:127.0.0.1:${well}`, TURN_URLS: `${refusing},${narrow}` };
  await warnOfIceFaults(parseConfig({ ...env, TURN_SECRET: "canary" }), Date.now(), log);
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ level: "warn", url: refusing }),
    expect.objectContaining({ level: "warn", url: narrow, fault: expect.stringMatching("nobody") }),
  ]);
  expect(lines.join("")).not.toMatch(/canary|ice-check|192\.0\.2/);
});
