/** The key that access tokens are checked with, and the one algorithm that goes with it. */

import { createPublicKey, createSecretKey, type KeyObject } from "node:crypto";

/** A key and its algorithm. A KeyObject doesn't print its content, so a logged configuration is safe. */
export interface TokenKey {
  readonly algorithm: "HS256" | "EdDSA" | "ES256" | "RS256";
  readonly key: KeyObject;
}

/** The parsed key, or what is wrong with it. */
type KeyOutcome = { ok: true; value: TokenKey } | { ok: false; reason: string };

/** The size of the hash (RFC 7518, 3.2). A shorter secret could be found from one token by brute force. */
const MIN_SECRET_BYTES = 32;
/** RFC 7518, 3.3. */
const MIN_RSA_BITS = 2_048;

/** Parses a shared secret, for HS256. Refuses one under 32 bytes, and a PEM, which is no secret. */
export function readSecret(secret: string): KeyOutcome {
  if (secret.includes("-----BEGIN")) {
    return { ok: false, reason: "is a PEM; a public key goes into `authPublicKey`" };
  }
  if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
    return {
      ok: false,
      reason: `must have at least ${MIN_SECRET_BYTES} bytes; create one with \`openssl rand -hex 32\``,
    };
  }
  return { ok: true, value: { algorithm: "HS256", key: createSecretKey(secret, "utf8") } };
}

/** Parses a public key in PEM; its type determines the algorithm. `\n` may be written for a line break. */
export function readPublicKey(pem: string): KeyOutcome {
  // Node would derive the public key, but a private key doesn't belong on this server.
  if (pem.includes("PRIVATE KEY")) {
    return { ok: false, reason: "is a private key; set the public key instead" };
  }
  const key = parsePem(pem.replaceAll("\\n", "\n"));
  const algorithm = key && algorithmOf(key);
  return algorithm
    ? { ok: true, value: { algorithm, key } }
    : {
        ok: false,
        reason: "must be a PEM of an Ed25519, P-256 or RSA (2048 bits or more) public key",
      };
}

function parsePem(pem: string): KeyObject | undefined {
  try {
    return createPublicKey(pem);
  } catch {
    return undefined;
  }
}

function algorithmOf(key: KeyObject): TokenKey["algorithm"] | undefined {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case "ed25519":
      return "EdDSA";
    case "ec":
      return namedCurve === "prime256v1" ? "ES256" : undefined;
    case "rsa":
      return modulusLength >= MIN_RSA_BITS ? "RS256" : undefined;
    default:
      return undefined;
  }
}
