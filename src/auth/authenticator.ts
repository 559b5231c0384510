/** Access tokens: checking a JWT, and what its claims allow. */

import { errors, jwtVerify } from "jose";
import { z } from "zod";
import { name } from "../protocol/names.ts";
import type { TokenKey } from "./token-key.ts";

/** Whom a connection belongs to, and what it may do. */
export interface Claims {
  /** The bearer's id in the application that issued the token. */
  subject: string;
  /** Takes precedence over the name in `join`. */
  name: string | undefined;
  /** Room names; a trailing `*` makes one a prefix. */
  rooms: readonly string[];
  /** When access ends, in Unix milliseconds. */
  expiresAtMs: number;
}

/** The claims of a connection, or why it is refused. */
export type Verdict =
  | { ok: true; claims: Claims }
  | { ok: false; code: "unauthorized" | "internal"; reason: string };

/** Checks the token that a client sent. Never rejects. */
export type Authenticator = (token: unknown) => Promise<Verdict>;

/** Tolerated difference between this clock and that of the application that signs tokens. */
const CLOCK_TOLERANCE_SECONDS = 5;
/** About 12 times the usual size. The signature of a longer token isn't checked at all. */
const MAX_TOKEN_BYTES = 8_192;

const payload = z.object({
  sub: z.string().min(1),
  name: name.optional(),
  room: z.union([z.string(), z.array(z.string())]),
  exp: z.number(),
});

/** Options for checking access tokens. */
export interface TokenOptions {
  /** The key to check signatures with; without one, no tokens are required. */
  readonly tokenKey: TokenKey | undefined;
  /** The required claim `aud`; `""` allows any. */
  readonly tokenAudience: string;
}

/** Creates the check for the configured key; undefined if there is none, so that no tokens are required. */
export function createAuthenticator({
  tokenKey,
  tokenAudience,
}: TokenOptions): Authenticator | undefined {
  if (!tokenKey) return undefined;
  const options = {
    // The key determines the algorithm, not the token (RFC 8725, 3.1).
    algorithms: [tokenKey.algorithm],
    requiredClaims: ["sub", "exp", "room"],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    ...(tokenAudience && { audience: tokenAudience }),
  };
  return async (token) => {
    if (token === undefined) return refused("this server requires a token: auth: { token }");
    if (typeof token !== "string") return refused("the token must be a string");
    if (token.length > MAX_TOKEN_BYTES)
      return refused(`the token is over ${MAX_TOKEN_BYTES} bytes`);
    try {
      const verified = await jwtVerify(token, tokenKey.key, options);
      return read(verified.payload);
    } catch (error) {
      return refused(reasonOf(error));
    }
  };
}

/** Whether the claims allow joining this room. */
export function coversRoom({ rooms }: Claims, room: string): boolean {
  return rooms.some((pattern) =>
    pattern.endsWith("*") ? room.startsWith(pattern.slice(0, -1)) : room === pattern,
  );
}

function read(claims: unknown): Verdict {
  const parsed = payload.safeParse(claims);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refused(`the token's claim ${issue?.path.join(".")}: ${issue?.message}`);
  }
  const { sub, room, exp, ...named } = parsed.data;
  const rooms = typeof room === "string" ? [room] : room;
  const expiresAtMs = (exp + CLOCK_TOLERANCE_SECONDS) * 1_000;
  return { ok: true, claims: { subject: sub, name: named.name, rooms, expiresAtMs } };
}

/** The reason for the client. About a forged token it says no more than that it isn't valid. */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "the token has expired";
  if (!(error instanceof errors.JWTClaimValidationFailed)) return "the token is not valid";
  if (error.claim === "nbf") return "the token is not valid yet";
  return `the token's claim ${error.claim} is missing or has the wrong value`;
}

function refused(reason: string): Verdict {
  return { ok: false, code: "unauthorized", reason };
}
