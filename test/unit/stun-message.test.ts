/** The test vectors of RFC 5769, which RFC 8489 keeps. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeAddress, encodeAddress } from "../../src/ice/probe/stun-address.ts";
import {
  ATTRIBUTES,
  addressOf,
  decodeMessage,
  encodeRequest,
  errorOf,
  hasIntegrity,
  longTermKey,
  METHODS,
  messageLength,
  type StunMessage,
} from "../../src/ice/probe/stun-message.ts";

const bytes = (hex: string) => Buffer.from(hex.replace(/\s/g, ""), "hex");

function decoded(hex: string): StunMessage {
  const message = decodeMessage(bytes(hex));
  if (!message) throw new Error("no message");
  return message;
}

const REQUEST = `000100582112a442b7e7a701bc34d686fa87dfae
  802200105354554e207465737420636c69656e74 002400046e0001ff 80290008932ff9b151263b36
  000600096576746a3a68367659202020 000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004e57a3bcf`;
const IPV4_RESPONSE = `0101003c2112a442b7e7a701bc34d686fa87dfae 8022000b7465737420766563746f7220
  002000080001a147e112a643 000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7 80280004c07d4c96`;
const IPV6_RESPONSE = `010100482112a442b7e7a701bc34d686fa87dfae 8022000b7465737420766563746f7220
  002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9
  00080014a382954e4be67bf11784c97c8292c275bfe3ed41 80280004c8fb0b4c`;
const LONG_TERM_REQUEST = `000100602112a44278ad3433c6ad72c029da412e
  00060012e3839ee38388e383aae38383e382afe382b90000
  0015001c662f2f3439396b39353464364f4c33346f4c39465354767936347341
  0014000b6578616d706c652e6f726700 00080014f67024656dd64a3e02b8e0712e85c9a28ca89666`;
const PASSWORD = Buffer.from("VOkJxbRl1RmTxUk/WvJxBt");
const LONG_TERM_KEY = longTermKey("マトリックス", "example.org", "TheMatrIX");

describe("RFC 5769", () => {
  test("2.1: a request", () => {
    const message = decoded(REQUEST);
    expect(message).toMatchObject({ method: METHODS.binding, kind: "request" });
    expect(message.attributes.get(ATTRIBUTES.username)?.toString()).toBe("evtj:h6vY");
    expect(hasIntegrity(message, PASSWORD)).toBe(true);
    expect(hasIntegrity(message, Buffer.from("wrong"))).toBe(false);
  });

  test.each([
    ["2.2", IPV4_RESPONSE, "192.0.2.1"],
    ["2.3", IPV6_RESPONSE, "2001:db8:1234:5678:11:2233:4455:6677"],
  ])("%s: a response", (_section, hex, address) => {
    const message = decoded(hex);
    expect(message).toMatchObject({ method: METHODS.binding, kind: "success" });
    expect(addressOf(message, ATTRIBUTES.xorMappedAddress)).toEqual({ address, port: 32_853 });
    expect(hasIntegrity(message, PASSWORD)).toBe(true);
    const written = encodeAddress({ address, port: 32_853 }, message.bytes.subarray(8, 20));
    expect(written).toEqual(message.attributes.get(ATTRIBUTES.xorMappedAddress));
  });

  test("2.4: a request with a long-term credential, read and written", () => {
    const message = decoded(LONG_TERM_REQUEST);
    expect(hasIntegrity(message, LONG_TERM_KEY)).toBe(true);
    const given = bytes(LONG_TERM_REQUEST);
    const attributes = [ATTRIBUTES.username, ATTRIBUTES.nonce, ATTRIBUTES.realm].map(
      (type) => [type, message.attributes.get(type) ?? Buffer.alloc(0)] as const,
    );
    const id = given.subarray(8, 20);
    const written = encodeRequest(METHODS.binding, id, attributes, LONG_TERM_KEY);
    // Ours has a fingerprint besides: 8 bytes at the end, and a length that counts them.
    expect(written.subarray(4, given.length)).toEqual(given.subarray(4));
    expect(written).toHaveLength(given.length + 8);
    expect(decodeMessage(written)).toMatchObject({ kind: "request" });
  });
});

describe("STUN messages", () => {
  test("a changed byte shows in the fingerprint", () => {
    const written = encodeRequest(METHODS.allocate, Buffer.alloc(12), [], LONG_TERM_KEY);
    for (let at = 0; at < written.length - 8; at++) {
      const changed = Buffer.from(written);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(decodeMessage(changed), `byte ${at}`).toBeUndefined();
    }
  });

  test("what follows the signature isn't believed", () => {
    const address = [ATTRIBUTES.xorMappedAddress, bytes("0001a147e112a643")] as const;
    const signed = bytes(LONG_TERM_REQUEST);
    const tail = encodeRequest(METHODS.binding, Buffer.alloc(12), [address]).subarray(20, 32);
    const forged = Buffer.concat([signed, tail]);
    forged.writeUInt16BE(forged.length - 20, 2);
    const message = decodeMessage(forged);
    expect(message && addressOf(message, ATTRIBUTES.xorMappedAddress)).toBeUndefined();
  });

  test("an error response has its code and words", () => {
    const message = decoded(
      "011300142112a442000000000000000000000000 00090010000004014e6f7420617574686f72697a",
    );
    expect(message).toMatchObject({ method: METHODS.allocate, kind: "error" });
    expect(errorOf(message)).toEqual({ code: 401, reason: "Not authoriz" });
  });

  test("an address is read as it was written", () => {
    const id = fc.uint8Array({ minLength: 12, maxLength: 12 });
    const address = fc.oneof(fc.ipV4(), fc.constantFrom("::", "::1", "fe80::1", "::ffff:a00:1"));
    const port = fc.integer({ min: 0, max: 65_535 });
    fc.assert(
      fc.property(address, port, id, (address, port, id) => {
        expect(decodeAddress(encodeAddress({ address, port }, id), id)).toEqual({ address, port });
      }),
    );
    expect(() =>
      encodeAddress({ address: "turn.example.com", port: 0 }, new Uint8Array(12)),
    ).toThrow();
  });

  test("no bytes make it throw", () => {
    const header = (length: number) => [0x01, 0x01, 0, length, 0x21, 0x12, 0xa4, 0x42];
    const near = fc
      .array(fc.integer({ min: 0, max: 255 }), { maxLength: 60 })
      .map((rest) => Buffer.from([...header(Math.max(0, rest.length - 12)), ...rest]));
    fc.assert(
      fc.property(fc.oneof(near, fc.uint8Array().map(Buffer.from)), (input) => {
        const message = decodeMessage(input);
        messageLength(input);
        if (!message) return;
        errorOf(message);
        addressOf(message, ATTRIBUTES.xorMappedAddress);
        hasIntegrity(message, PASSWORD);
      }),
      { numRuns: 2_000 },
    );
  });
});
