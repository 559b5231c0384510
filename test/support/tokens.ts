/** Access tokens for tests, good and bad. */

import { type JWTPayload, SignJWT } from "jose";

export const SECRET = "a secret for tests, of 32 bytes or more";

/** Unix seconds, so many from now. */
export const secondsFromNow = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;

/** A token that holds for Ada in any room; `claims` replaces some of it, undefined leaves it out. */
export function mint(
  claims: Record<string, unknown> = {},
  key: Parameters<SignJWT["sign"]>[0] = Buffer.from(SECRET),
  alg = "HS256",
): Promise<string> {
  const usual = { sub: "ada", room: "*", exp: secondsFromNow(3_600) };
  const payload = Object.entries({ ...usual, ...claims }).filter(
    ([, claim]) => claim !== undefined,
  );
  // Bad tokens have claims of shapes that jose's type doesn't know.
  return new SignJWT(Object.fromEntries(payload) as JWTPayload)
    .setProtectedHeader({ alg })
    .sign(key);
}
