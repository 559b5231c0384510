/** The requests that a browser sends to STUN and TURN servers: Binding and Allocate (RFC 8489, RFC 8656). */

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

/** Thrown when the server answers a request with an error. */
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

/** The credential for a TURN server. */
export interface Credential {
  readonly username: string;
  readonly password: string;
}

/** An allocation on the server. */
export interface Allocation {
  readonly relay: TransportAddress;
  /** Whether the server required a credential. */
  readonly signed: boolean;
  /**
   * Creates a permission for the peer at this address; nothing is sent to it (RFC 8656, 10). Throws a
   * StunRefusal if the server denies the address.
   */
  createPermission(address: string): Promise<void>;
  /** Deletes the allocation, so that it doesn't count against the quota. */
  release(): Promise<void>;
}

/** The key to sign with, and the attributes that go with it. */
interface Signature {
  readonly key: Buffer;
  readonly attributes: readonly Attribute[];
}

/** REQUESTED-TRANSPORT: UDP (17), and three reserved bytes. */
const OVER_UDP: Attribute = [ATTRIBUTES.requestedTransport, Buffer.from([17, 0, 0, 0])];
/** LIFETIME of 0 s, which deletes the allocation. */
const NO_LIFETIME: Attribute = [ATTRIBUTES.lifetime, Buffer.alloc(4)];

/** Requests our address as the server sees it. Throws a StunRefusal if it refuses. */
export async function askForAddress(connection: StunConnection): Promise<TransportAddress> {
  const answer = await connection.request(encodeRequest(METHODS.binding, transactionId(), []));
  if (answer.kind === "error") throw new StunRefusal(errorOf(answer), false);
  return addressIn(answer, ATTRIBUTES.xorMappedAddress);
}

/** Requests a relay. Throws a StunRefusal if the server refuses. */
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
    // 401 brings realm and nonce; 438 says that the nonce has expired, and brings a new one.
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
      // Errors don't matter: an allocation expires by itself after ten minutes.
      await ask(METHODS.refresh, () => NO_LIFETIME).catch(() => {});
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
