/** Names of rooms and peers, as allowed in messages and in access tokens. */

import { z } from "zod";

/** The name of a room. */
export const room = z.string({ error: "must be a string" }).regex(/^[A-Za-z0-9._~:@+-]{1,128}$/, {
  error: "must be 1 to 128 characters out of A-Z a-z 0-9 . _ ~ : @ + -",
});

/** Invisible characters, and those that change the direction of text. */
const INVISIBLE = /[\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

/** Scripts in which joiners change the shape of letters (RFC 5892, A.1 and A.2). */
const JOINING =
  "Arabic Syriac Nko Mongolian Devanagari Bengali Gurmukhi Gujarati Oriya Tamil Telugu Kannada Malayalam Sinhala Khmer Myanmar"
    .split(" ")
    .map((script) => `\\p{Script=${script}}`)
    .join("");

/** Invisible characters where they are needed to write names and emoji. */
const NEEDED = new RegExp(
  [
    new RegExp(`(?<=[${JOINING}])\\p{Join_Control}`, "u"),
    /(?<=\p{Script=Han})\p{Variation_Selector}/u,
    /(?<=\p{Script=Mongolian})(?:\u180e|\p{Variation_Selector})/u,
    // Emoji (UTS #51): joined sequences, presentation selectors, and flags of regions such as England.
    /(?<=\p{Extended_Pictographic}(?:\p{Emoji_Modifier}|\ufe0f)?)\u200d(?=\p{Extended_Pictographic})/u,
    /(?<=\p{Emoji})[\ufe0e\ufe0f]/u,
    /(?<=\u{1f3f4})[\u{e0030}-\u{e0039}\u{e0061}-\u{e007a}]{3,6}\u{e007f}/u,
  ]
    .map(({ source }) => source)
    .join("|"),
  "gu",
);

/** The name of a peer, trimmed. */
export const name = z
  .string({ error: "must be a string" })
  .trim()
  .refine((s) => [...s].length <= 64, { error: "must be at most 64 characters", abort: true })
  // A lone surrogate is no character; it would arrive as U+FFFD.
  .refine((s) => !/[\p{Cc}\p{Cs}]/u.test(s), { error: "must not have control characters" })
  .refine((s) => !INVISIBLE.test(s.replace(NEEDED, "")), {
    error: "must not have invisible characters or ones that change the direction of text",
  })
  // U+2800, the blank Braille pattern, isn't whitespace in Unicode.
  .refine((s) => s === "" || /[^\s\u2800]/.test(s), { error: "must not be blank" })
  // No script needs more. Hundreds of marks on one letter would cover the lines above and below.
  .refine((s) => !/\p{M}{9}/u.test(s), { error: "must have at most 8 marks on a letter" });
