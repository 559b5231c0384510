/** Access tokens: who may come in, under which name, into which rooms, until when. */

import { errors, jwtVerify } from "jose";
import { z } from "zod";
import { name } from "../protocol/names.ts";
import type { TokenKey } from "./token-key.ts";

/** What a token says of its bearer. */
export interface Claims {
  /** The bearer, to the application that issued the token. */
  subject: string;
  /** Wins over the name that a join gives. */
  name: string | undefined;
  /** Names of rooms, or how they begin with `*` at the end. */
  rooms: readonly string[];
  /** Unix time in milliseconds from which the token is void. */
  expiresAtMs: number;
}

/** Who connects and what they may do, or why they may not connect. */
export type Verdict =
  | { ok: true; claims: Claims }
  | { ok: false; code: "unauthorized" | "internal"; reason: string };

/** Checks a token as a client sent it. Never rejects. */
export type Authenticator = (token: unknown) => Promise<Verdict>;

/** Whoever issues tokens has a clock of its own. */
const CLOCK_TOLERANCE_SECONDS = 5;
/** A dozen times a usual one; what is longer isn't worth a signature's cost. */
const MAX_TOKEN_BYTES = 8_192;

const payload = z.object({
  sub: z.string().min(1),
  name: name.optional(),
  room: z.union([z.string(), z.array(z.string())]),
  exp: z.number(),
});

/** How access tokens are checked. */
export interface TokenOptions {
  /** What they are checked with; without one, everybody may come in. */
  readonly tokenKey: TokenKey | undefined;
  /** What `aud` must be in a token; `""` is anything. */
  readonly tokenAudience: string;
}

/** Creates the check for the configured key; undefined when none is, and everybody may come in. */
export function createAuthenticator({
  tokenKey,
  tokenAudience,
}: TokenOptions): Authenticator | undefined {
  if (!tokenKey) return undefined;
  const options = {
    // The token doesn't choose how it is checked (RFC 8725, 3.1).
    algorithms: [tokenKey.algorithm],
    requiredClaims: ["sub", "exp", "room"],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    ...(tokenAudience && { audience: tokenAudience }),
  };
  return async (token) => {
    if (token === undefined) return refused("this server asks for a token: auth: { token }");
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

/** Whether a token lets its bearer into this room. */
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

/** What the bearer can mend. Of a forged token no more than that it isn't valid. */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "the token has expired";
  if (!(error instanceof errors.JWTClaimValidationFailed)) return "the token is not valid";
  if (error.claim === "nbf") return "the token is not valid yet";
  return `the token's claim ${error.claim} is missing or not what it must be`;
}

function refused(reason: string): Verdict {
  return { ok: false, code: "unauthorized", reason };
}
