/** Encoding and decoding of the addresses in STUN and TURN messages (RFC 8489, 14.2). */

import ipaddr from "ipaddr.js";

/** An IP address as text, with a port. */
export interface TransportAddress {
  readonly address: string;
  readonly port: number;
}

/** The four bytes that identify a STUN message. */
export const MAGIC_COOKIE = 0x2112a442;

const IPV4 = 1;
const IPV6 = 2;

/** Decodes an XOR-MAPPED-ADDRESS, XOR-RELAYED-ADDRESS or XOR-PEER-ADDRESS; `undefined` if malformed. */
export function decodeAddress(
  value: Buffer,
  transactionId: Uint8Array,
): TransportAddress | undefined {
  if (value.length !== 8 && value.length !== 20) return undefined;
  const plain = xored(value.subarray(4), transactionId);
  const port = value.readUInt16BE(2) ^ (MAGIC_COOKIE >>> 16);
  return { address: ipaddr.fromByteArray([...plain]).toString(), port };
}

/** Encodes such a value, for a message with this transaction id. Throws if `address` isn't an IP address. */
export function encodeAddress(
  { address, port }: TransportAddress,
  transactionId: Uint8Array,
): Buffer {
  const plain = Buffer.from(ipaddr.parse(address).toByteArray());
  const header = Buffer.from([0, plain.length === 4 ? IPV4 : IPV6, 0, 0]);
  header.writeUInt16BE(port ^ (MAGIC_COOKIE >>> 16), 2);
  return Buffer.concat([header, xored(plain, transactionId)]);
}

/** The bytes of an address XORed with the magic cookie and the transaction id; its own inverse. */
function xored(address: Uint8Array, transactionId: Uint8Array): Uint8Array {
  const mask = Buffer.alloc(16);
  mask.writeUInt32BE(MAGIC_COOKIE);
  mask.set(transactionId, 4);
  return address.map((byte, i) => byte ^ mask.readUInt8(i));
}
