/** What rooms and peers may be called, in a message as well as in an access token. */

import { z } from "zod";

/** The name of a room. */
export const room = z.string({ error: "must be a string" }).regex(/^[A-Za-z0-9._~:@+-]{1,128}$/, {
  error: "must be 1 to 128 characters out of A-Z a-z 0-9 . _ ~ : @ + -",
});

/** The name of a peer, trimmed. */
export const name = z
  .string({ error: "must be a string" })
  .trim()
  .refine((s) => [...s].length <= 64, { error: "must be at most 64 characters" })
  // Half a surrogate pair is no character; it would reach the others as something else.
  .refine((s) => !/[\p{Cc}\p{Cs}]/u.test(s), { error: "must not have control characters" });
