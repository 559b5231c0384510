/** STUN and TURN servers that answer whatever a test wants, over UDP. */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { onTestFinished } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import { probeIceServers } from "../../src/ice/probe/probe.ts";
import {
  ATTRIBUTES,
  type Attribute,
  encodeRequest,
  longTermKey,
} from "../../src/ice/probe/stun-message.ts";

export const MAPPED: Attribute = [
  ATTRIBUTES.xorMappedAddress,
  Buffer.from("0001a147e112a643", "hex"),
];
export const RELAYED: Attribute = [ATTRIBUTES.xorRelayedAddress, MAPPED[1]];
export const REALM: Attribute = [ATTRIBUTES.realm, Buffer.from("realm")];
export const KEY = longTermKey("ada", "realm", "pass");

export const error = (code: number): Attribute => [
  ATTRIBUTES.errorCode,
  Buffer.from([0, 0, Math.floor(code / 100), code % 100]),
];
export const nonce = (text: string): Attribute => [ATTRIBUTES.nonce, Buffer.from(text)];

/** The answer to these bytes of a request; its type has the bits of success or error set. */
export function answer(
  request: Buffer,
  success: boolean,
  attributes: Attribute[],
  key?: Buffer,
): Buffer {
  const type = request.readUInt16BE() | (success ? 0x100 : 0x110);
  return encodeRequest(type, request.subarray(8, 20), attributes, key);
}

/** A UDP server that answers the n-th request it gets by `reply`; gives its port. */
export async function udpServer(reply: (request: Buffer, n: number) => Buffer | undefined) {
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

/** How the one server of this kind does. */
export async function probe(url: string, limitMs?: number, more: Record<string, string> = {}) {
  const turn = { TURN_USERNAME: "ada", TURN_PASSWORD: "pass", ...more };
  const env = url.startsWith("stun") ? { STUN_URLS: url } : { TURN_URLS: url, ...turn };
  const [result] = await probeIceServers(parseConfig(env), 0, limitMs);
  return result;
}
