/** What access tokens are checked with. Algorithm and key are one: neither goes without the other. */

import { createPublicKey, createSecretKey, type KeyObject } from "node:crypto";

/** A KeyObject prints as nothing, so a configuration in a log gives no secret away. */
export interface TokenKey {
  readonly algorithm: "HS256" | "EdDSA" | "ES256" | "RS256";
  readonly key: KeyObject;
}

/** A key that was understood, or what is wrong with it. */
type KeyOutcome = { ok: true; value: TokenKey } | { ok: false; reason: string };

/** As long as the hash (RFC 7518, 3.2): a shorter secret can be guessed from a single token. */
const MIN_SECRET_BYTES = 32;
/** RFC 7518, 3.3. */
const MIN_RSA_BITS = 2_048;

/** Reads a shared secret, for HS256. Refuses one under 32 bytes, and a PEM, which is no secret. */
export function readSecret(secret: string): KeyOutcome {
  if (secret.includes("-----BEGIN")) {
    return { ok: false, reason: "is a PEM; a public key goes into `authPublicKey`" };
  }
  if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
    return {
      ok: false,
      reason: `must have at least ${MIN_SECRET_BYTES} bytes; \`openssl rand -hex 32\` makes such a one`,
    };
  }
  return { ok: true, value: { algorithm: "HS256", key: createSecretKey(secret, "utf8") } };
}

/** Reads a public key in PEM; its kind gives the algorithm. `\n` may stand for a line's end. */
export function readPublicKey(pem: string): KeyOutcome {
  // Node would take the public half out of it, and the private one would lie about where it may not.
  if (pem.includes("PRIVATE KEY")) {
    return { ok: false, reason: "is a private key; the server needs the public one alone" };
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
