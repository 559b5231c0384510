/** Encoding and decoding of STUN messages (RFC 8489), and of TURN's as far as the check needs them (RFC 8656). */

import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { decodeAddress, MAGIC_COOKIE, type TransportAddress } from "./stun-address.ts";

export const METHODS = {
  binding: 0x001,
  allocate: 0x003,
  refresh: 0x004,
  createPermission: 0x008,
} as const;

export const ATTRIBUTES = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  lifetime: 0x000d,
  xorPeerAddress: 0x0012,
  realm: 0x0014,
  nonce: 0x0015,
  xorRelayedAddress: 0x0016,
  requestedTransport: 0x0019,
  xorMappedAddress: 0x0020,
  fingerprint: 0x8028,
} as const;

/** An attribute's type and value. */
export type Attribute = readonly [type: number, value: Uint8Array];

/** A decoded message. Of an attribute that occurs twice, the first counts. */
export interface StunMessage {
  readonly method: number;
  readonly kind: "request" | "indication" | "success" | "error";
  readonly attributes: ReadonlyMap<number, Buffer>;
  /** The message as received, to check its integrity with a key. */
  readonly bytes: Buffer;
}

const HEADER_BYTES = 20;
const FINGERPRINT_XOR = 0x5354554e;
const KINDS = ["request", "indication", "success", "error"] as const;

/** Encodes a request, with a fingerprint, and signed if `key` is given. */
export function encodeRequest(
  method: number,
  transactionId: Uint8Array,
  attributes: readonly Attribute[],
  key?: Uint8Array,
): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(method);
  header.writeUInt32BE(MAGIC_COOKIE, 4);
  header.set(transactionId, 8);
  let message: Buffer = Buffer.concat([header, ...attributes.map(encodeAttribute)]);
  message.writeUInt16BE(message.length - HEADER_BYTES, 2);
  if (key) {
    const value = integrityOf(message, key);
    message = append(message, [ATTRIBUTES.messageIntegrity, value]);
  }
  const fingerprint = Buffer.alloc(4);
  fingerprint.writeUInt32BE(fingerprintOf(message));
  return append(message, [ATTRIBUTES.fingerprint, fingerprint]);
}

/** Decodes one complete message; `undefined` if it is malformed, incomplete, or its fingerprint is wrong. */
export function decodeMessage(bytes: Buffer): StunMessage | undefined {
  const length = messageLength(bytes);
  if (length === undefined || length !== bytes.length) return undefined;
  const type = bytes.readUInt16BE();
  const kind = KINDS[((type >> 7) & 2) | ((type >> 4) & 1)];
  const attributes = new Map<number, Buffer>();
  let end = HEADER_BYTES;
  for (const { at, type, value } of walk(bytes)) {
    end = at + 4 + padded(value.length);
    if (type === ATTRIBUTES.fingerprint) {
      if (value.length !== 4 || value.readUInt32BE() !== fingerprintOf(bytes.subarray(0, at))) {
        return undefined;
      }
    }
    // What follows the signature isn't signed (RFC 8489, 14.5).
    if (!attributes.has(type) && !attributes.has(ATTRIBUTES.messageIntegrity)) {
      attributes.set(type, value);
    }
  }
  if (kind === undefined || end !== bytes.length) return undefined;
  const method = (type & 0x000f) | ((type & 0x00e0) >> 1) | ((type & 0x3e00) >> 2);
  return { method, kind, attributes, bytes };
}

/** The length of the message that `bytes` begin with; `undefined` if there is no complete STUN header. */
export function messageLength(bytes: Buffer): number | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const length = bytes.readUInt16BE(2);
  const isStun = bytes.readUInt16BE() < 0x4000 && bytes.readUInt32BE(4) === MAGIC_COOKIE;
  return isStun && length % 4 === 0 ? HEADER_BYTES + length : undefined;
}

/** Whether the message was signed with this key. */
export function hasIntegrity({ bytes }: StunMessage, key: Uint8Array): boolean {
  for (const { at, type, value } of walk(bytes)) {
    if (type !== ATTRIBUTES.messageIntegrity) continue;
    const expected = integrityOf(bytes.subarray(0, at), key);
    return value.length === expected.length && timingSafeEqual(value, expected);
  }
  return false;
}

/** The key of a long-term credential (RFC 8489, 9.2.2); browsers support MD5 only. */
export function longTermKey(username: string, realm: string, password: string): Buffer {
  return createHash("md5").update(`${username}:${realm}:${password}`).digest();
}

/** The error code and reason phrase of an error response. */
export function errorOf({ attributes }: StunMessage): { code: number; reason: string } {
  const value = attributes.get(ATTRIBUTES.errorCode);
  if (!value || value.length < 4) return { code: 0, reason: "no error code" };
  const code = (value.readUInt8(2) & 7) * 100 + value.readUInt8(3);
  return { code, reason: value.toString("utf8", 4) };
}

/** The address in an attribute of this type; `undefined` if there is none. */
export function addressOf(
  { attributes, bytes }: StunMessage,
  type: number,
): TransportAddress | undefined {
  const value = attributes.get(type);
  return value && decodeAddress(value, bytes.subarray(8, HEADER_BYTES));
}

function* walk(bytes: Buffer): Generator<{ at: number; type: number; value: Buffer }> {
  for (let at = HEADER_BYTES; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16BE(at + 2);
    if (at + 4 + length > bytes.length) return;
    yield { at, type: bytes.readUInt16BE(at), value: bytes.subarray(at + 4, at + 4 + length) };
    at += 4 + padded(length);
  }
}

function encodeAttribute([type, value]: Attribute): Buffer {
  const bytes = Buffer.alloc(4 + padded(value.length));
  bytes.writeUInt16BE(type);
  bytes.writeUInt16BE(value.length, 2);
  bytes.set(value, 4);
  return bytes;
}

function append(message: Buffer, attribute: Attribute): Buffer {
  const longer = Buffer.concat([message, encodeAttribute(attribute)]);
  longer.writeUInt16BE(longer.length - HEADER_BYTES, 2);
  return longer;
}

/** The HMAC over all that precedes the attribute; the header's length includes the attribute. */
function integrityOf(before: Buffer, key: Uint8Array): Buffer {
  return createHmac("sha1", key).update(withLength(before, 24)).digest();
}

function fingerprintOf(before: Buffer): number {
  return (crc32(withLength(before, 8)) ^ FINGERPRINT_XOR) >>> 0;
}

function withLength(before: Buffer, attributeBytes: number): Buffer {
  const copy = Buffer.from(before);
  copy.writeUInt16BE(before.length - HEADER_BYTES + attributeBytes, 2);
  return copy;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

/** CRC-32; `zlib.crc32` exists only from Node 20.15 on. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb8_8320 : 0);
  }
  return ~crc >>> 0;
}
