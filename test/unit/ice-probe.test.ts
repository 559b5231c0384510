/** The check of STUN and TURN servers, against servers that misbehave. */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import { probeIceServers, warnOfIceFaults } from "../../src/ice/probe/probe.ts";
import {
  ATTRIBUTES,
  type Attribute,
  addressOf,
  decodeMessage,
  encodeRequest,
  hasIntegrity,
  longTermKey,
  METHODS,
} from "../../src/ice/probe/stun-message.ts";
import { createLogger } from "../../src/logger.ts";

const MAPPED: Attribute = [ATTRIBUTES.xorMappedAddress, Buffer.from("0001a147e112a643", "hex")];
const RELAYED: Attribute = [ATTRIBUTES.xorRelayedAddress, MAPPED[1]];
const REALM: Attribute = [ATTRIBUTES.realm, Buffer.from("realm")];
const KEY = longTermKey("ada", "realm", "pass");

const error = (code: number): Attribute => [
  ATTRIBUTES.errorCode,
  Buffer.from([0, 0, Math.floor(code / 100), code % 100]),
];
const nonce = (text: string): Attribute => [ATTRIBUTES.nonce, Buffer.from(text)];

/** The answer to these bytes of a request; its type has the bits of success or error set. */
function answer(request: Buffer, success: boolean, attributes: Attribute[], key?: Buffer): Buffer {
  const type = request.readUInt16BE() | (success ? 0x100 : 0x110);
  return encodeRequest(type, request.subarray(8, 20), attributes, key);
}

/** A UDP server that answers the n-th request it gets by `reply`; gives its port. */
async function udpServer(reply: (request: Buffer, n: number) => Buffer | undefined) {
  const socket = createSocket("udp4");
  let n = 0;
  socket.on("message", (request, { port, address }) => {
    const bytes = reply(request, n++);
    if (bytes) socket.send(bytes, port, address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  onTestFinished(() => void socket.close());
  return socket.address().port;
}

/** A TURN server that wants a credential, and denies the peers for which `denies` gives an error. */
async function turnServer(denies: (peer: string) => number | false, relayed = RELAYED) {
  const peers: string[] = [];
  const methods: number[] = [];
  const port = await udpServer((request, n) => {
    if (n === 0) return answer(request, false, [error(401), REALM, nonce("one")]);
    const message = decodeMessage(request);
    if (!message || !hasIntegrity(message, KEY)) return undefined;
    methods.push(message.method);
    const peer = addressOf(message, ATTRIBUTES.xorPeerAddress)?.address;
    if (peer) peers.push(peer);
    const code = peer ? denies(peer) : false;
    return code
      ? answer(request, false, [error(code)], KEY)
      : answer(request, true, [relayed], KEY);
  });
  return { url: `turn:127.0.0.1:${port}`, peers, methods };
}

async function tcpServer(serve: (socket: Socket) => void) {
  const server = createServer((socket) => serve(socket.on("error", () => {})));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  if (!address || typeof address === "string") throw new Error("not listening on a port");
  return address.port;
}

/** How the one server of this kind does. */
async function probe(url: string, limitMs?: number, more: Record<string, string> = {}) {
  const turn = { TURN_USERNAME: "ada", TURN_PASSWORD: "pass", ...more };
  const env = url.startsWith("stun") ? { STUN_URLS: url } : { TURN_URLS: url, ...turn };
  const [result] = await probeIceServers(parseConfig(env), 0, limitMs);
  return result;
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

describe("whom a relay reaches", () => {
  const RELAY = "192.0.2.1";

  test("it is asked for a public peer and for its own address, then given back", async () => {
    const { url, peers, methods } = await turnServer(() => false);
    const result = await probe(url);
    expect(result).toMatchObject({ credential: "accepted", relay: `${RELAY}:32853` });
    expect(result).not.toHaveProperty("fault");
    expect(result).not.toHaveProperty("remark");
    expect(peers).toEqual(["198.41.0.4", RELAY]);
    const { allocate, createPermission, refresh } = METHODS;
    expect(methods).toEqual([allocate, createPermission, createPermission, refresh]);
  });

  test.each([
    [403, "it reaches nobody: it refuses a public address (403 ); see denied-peer-ip"],
    [508, "it reaches nobody: it refuses a public address (508 )"],
  ])("one that refuses a public peer with %i is at fault, and given back", async (code, fault) => {
    const { url, methods } = await turnServer(() => code);
    expect(await probe(url)).toMatchObject({
      reachable: true,
      credential: "accepted",
      relay: `${RELAY}:32853`,
      fault,
    });
    expect(methods.at(-1)).toBe(METHODS.refresh);
  });

  test("one at an IPv6 address is asked for an IPv6 peer", async () => {
    const ipv6 = Buffer.from("0002a147".padEnd(40, "12"), "hex");
    const relayed: Attribute = [ATTRIBUTES.xorRelayedAddress, ipv6];
    const { url, peers } = await turnServer(() => false, relayed);
    await probe(url);
    expect(peers[0]).toBe("2001:503:ba3e::2:30");
  });

  test("one that refuses its own address is a note, and a fault where all peers relay", async () => {
    const { url } = await turnServer((peer) => peer === RELAY && 403);
    const words =
      "two peers that both relay through it can't connect; see external-ip and allowed-peer-ip";
    const result = await probe(url);
    expect(result).toMatchObject({ remark: words });
    expect(result).not.toHaveProperty("fault");
    const relayOnly = await turnServer((peer) => peer === RELAY && 403);
    const policy = { ICE_TRANSPORT_POLICY: "relay" };
    expect(await probe(relayOnly.url, undefined, policy)).toMatchObject({ fault: words });
  });

  test("a nonce that runs out in between is replaced", async () => {
    let ranOut = false;
    const port = await udpServer((request, n) => {
      if (n === 0) return answer(request, false, [error(401), REALM, nonce("one")]);
      const message = decodeMessage(request);
      if (message?.method !== METHODS.createPermission || ranOut) {
        return answer(request, true, [RELAYED], KEY);
      }
      ranOut = true;
      return answer(request, false, [error(438), REALM, nonce("two")]);
    });
    expect(await probe(`turn:127.0.0.1:${port}`)).not.toHaveProperty("fault");
    expect(ranOut).toBe(true);
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
    fault: "its name leads to no address",
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
