/** What a browser asks STUN and TURN servers for: its own address, and a relay (RFC 8489, RFC 8656). */

import { randomBytes } from "node:crypto";
import type { StunConnection } from "./stun-connection.ts";
import {
  ATTRIBUTES,
  type Attribute,
  addressOf,
  encodeRequest,
  errorOf,
  hasIntegrity,
  longTermKey,
  METHODS,
  type StunMessage,
  type TransportAddress,
} from "./stun-message.ts";

/** The server has refused a request. */
export class StunRefusal extends Error {
  override readonly name = "StunRefusal";
  readonly code: number;
  /** Whether the request carried a credential. */
  readonly signed: boolean;

  constructor({ code, reason }: { code: number; reason: string }, signed: boolean) {
    super(`${code} ${reason}`);
    this.code = code;
    this.signed = signed;
  }
}

/** What a relay is asked for with. */
export interface Credential {
  readonly username: string;
  readonly password: string;
}

/** A relay that the server has set up, and whether it wanted a credential for it. */
export interface Allocation {
  readonly relay: TransportAddress;
  readonly signed: boolean;
}

/** The key to sign with, and the attributes that say whose it is. */
interface Signature {
  readonly key: Buffer;
  readonly attributes: readonly Attribute[];
}

/** "UDP", with three bytes for later use: what a relay sends to the other peers. */
const OVER_UDP: Attribute = [ATTRIBUTES.requestedTransport, Buffer.from([17, 0, 0, 0])];
const AT_ONCE: Attribute = [ATTRIBUTES.lifetime, Buffer.alloc(4)];

/** The address the server sees us at. Throws a StunRefusal if it doesn't want to tell. */
export async function askForAddress(connection: StunConnection): Promise<TransportAddress> {
  const answer = await connection.request(encodeRequest(METHODS.binding, transactionId(), []));
  if (answer.kind === "error") throw new StunRefusal(errorOf(answer), false);
  return addressIn(answer, ATTRIBUTES.xorMappedAddress);
}

/**
 * Has the server set up a relay, and take it down again, so that no quota is used up.
 * Throws a StunRefusal if it doesn't want to.
 */
export async function askForRelay(
  connection: StunConnection,
  credential: Credential,
): Promise<Allocation> {
  const ask = (method: number, attribute: Attribute, signature?: Signature) =>
    connection.request(
      encodeRequest(
        method,
        transactionId(),
        [attribute, ...(signature?.attributes ?? [])],
        signature?.key,
      ),
    );
  let signature: Signature | undefined;
  let answer = await ask(METHODS.allocate, OVER_UDP);
  // The first answer brings realm and nonce; a nonce that has just run out, another one.
  for (const expected of [401, 438]) {
    if (answer.kind !== "error" || errorOf(answer).code !== expected) continue;
    signature = sign(answer, credential);
    answer = await ask(METHODS.allocate, OVER_UDP, signature);
  }
  if (answer.kind === "error") throw new StunRefusal(errorOf(answer), signature !== undefined);
  if (signature && !hasIntegrity(answer, signature.key)) {
    throw new Error("the server's answer isn't signed with the credential");
  }
  const relay = addressIn(answer, ATTRIBUTES.xorRelayedAddress);
  // Whatever it answers, the relay is proven; one that stays ends by itself after ten minutes.
  await ask(METHODS.refresh, AT_ONCE, signature).catch(() => {});
  return { relay, signed: signature !== undefined };
}

function sign({ attributes }: StunMessage, { username, password }: Credential): Signature {
  const realm = attributes.get(ATTRIBUTES.realm) ?? Buffer.alloc(0);
  const nonce = attributes.get(ATTRIBUTES.nonce) ?? Buffer.alloc(0);
  return {
    key: longTermKey(username, realm.toString(), password),
    attributes: [
      [ATTRIBUTES.username, Buffer.from(username)],
      [ATTRIBUTES.realm, realm],
      [ATTRIBUTES.nonce, nonce],
    ],
  };
}

function addressIn(answer: StunMessage, type: number): TransportAddress {
  const address = addressOf(answer, type);
  if (!address) throw new Error("the server's answer has no address in it");
  return address;
}

function transactionId(): Buffer {
  return randomBytes(12);
}
