/** What a browser asks STUN and TURN servers for: its own address, and a relay (RFC 8489, RFC 8656). */

import { randomBytes } from "node:crypto";
import { encodeAddress, type TransportAddress } from "./stun-address.ts";
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

/** A relay that the server has set up. */
export interface Allocation {
  readonly relay: TransportAddress;
  /** Whether the server wanted a credential for it. */
  readonly signed: boolean;
  /**
   * Asks that the peer at this address may send to the relay, and be sent to; nothing is sent to it
   * (RFC 8656, 10). Throws a StunRefusal if the server denies the address.
   */
  createPermission(address: string): Promise<void>;
  /** Gives the relay back, so that no quota is used up. */
  release(): Promise<void>;
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

/** Has the server set up a relay. Throws a StunRefusal if it doesn't want to. */
export async function allocate(
  connection: StunConnection,
  credential: Credential,
): Promise<Allocation> {
  let signature: Signature | undefined;

  async function ask(method: number, attributeFor: (id: Buffer) => Attribute) {
    const send = () => {
      const id = transactionId();
      const attributes = [attributeFor(id), ...(signature?.attributes ?? [])];
      return connection.request(encodeRequest(method, id, attributes, signature?.key));
    };
    let answer = await send();
    // The first answer brings realm and nonce; a nonce that has just run out, another one.
    for (const expected of [401, 438]) {
      if (answer.kind !== "error" || errorOf(answer).code !== expected) continue;
      signature = sign(answer, credential);
      answer = await send();
    }
    if (answer.kind === "error") throw new StunRefusal(errorOf(answer), signature !== undefined);
    if (signature && !hasIntegrity(answer, signature.key)) {
      throw new Error("the server's answer isn't signed with the credential");
    }
    return answer;
  }

  const answer = await ask(METHODS.allocate, () => OVER_UDP);
  return {
    relay: addressIn(answer, ATTRIBUTES.xorRelayedAddress),
    signed: signature !== undefined,
    async createPermission(address) {
      // A permission is for the address alone; its port is ignored (RFC 8656, 9.1).
      const peer = { address, port: 0 };
      const attributeFor = (id: Buffer) =>
        [ATTRIBUTES.xorPeerAddress, encodeAddress(peer, id)] as const;
      await ask(METHODS.createPermission, attributeFor);
    },
    async release() {
      // Whatever it answers: a relay that stays ends by itself after ten minutes.
      await ask(METHODS.refresh, () => AT_ONCE).catch(() => {});
    },
  };
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
