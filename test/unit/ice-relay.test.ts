/** The check of whom a TURN server's relays reach, against a server that denies some peers. */

import { expect, test } from "vitest";
import {
  ATTRIBUTES,
  type Attribute,
  addressOf,
  decodeMessage,
  hasIntegrity,
  METHODS,
} from "../../src/ice/probe/stun-message.ts";
import {
  answer,
  error,
  KEY,
  nonce,
  probe,
  REALM,
  RELAYED,
  udpServer,
} from "../support/stun-server.ts";

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
  const nonces: (string | undefined)[] = [];
  const port = await udpServer((request, n) => {
    if (n === 0) return answer(request, false, [error(401), REALM, nonce("one")]);
    const message = decodeMessage(request);
    if (message?.method !== METHODS.createPermission) return answer(request, true, [RELAYED], KEY);
    const text = message.attributes.get(ATTRIBUTES.nonce)?.toString();
    nonces.push(text);
    return text === "two"
      ? answer(request, true, [], KEY)
      : answer(request, false, [error(438), REALM, nonce("two")]);
  });
  expect(await probe(`turn:127.0.0.1:${port}`)).not.toHaveProperty("fault");
  expect(nonces).toEqual(["one", "two", "two"]);
});
