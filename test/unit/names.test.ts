import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { name } from "../../src/protocol/names.ts";
import { cpuTimeMs } from "../support/cpu-time.ts";

const messageOf = (text: string) => name.safeParse(text).error?.issues[0]?.message;

describe("a peer's name", () => {
  test.each([
    "",
    "Ada Lovelace",
    "Zoë O’Neill-Łuczak",
    "e\u0301",
    "Ада",
    "山田 太郎",
    "김민준",
    "محمد",
    "دنیا",
    "דָּוִד",
    "ก้อย",
    "བསྒྲུབས",
    // Joiners that change letters.
    "مهدی\u200cزاده",
    "ශ්\u200dරී",
    "ക്ഷ മോഹന്\u200d",
    "क्\u200dष",
    // Variants of characters.
    "葛\u{e0100}城",
    "ᠠᠩᠬ\u180eᠠ\u180b",
    // Emoji: family, rainbow flag, skin colour, heart on fire, keycap, England.
    "👨\u200d👩\u200d👧\u200d👦",
    "🏳\ufe0f\u200d🌈",
    "🧑🏽\u200d⚕\ufe0f",
    "❤\ufe0f\u200d🔥 Ada",
    "1\ufe0f\u20e3",
    "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
    "🇩🇪",
  ])("%j passes as it is", (text) => {
    expect(name.parse(text)).toBe(text);
  });

  test.each([
    // Turned around.
    "\u202eadA",
    "Ada\u202e",
    "\u2066Ada\u2069",
    "\u200fAda",
    "\u061cAda",
    // Invisible, alone or in another's name.
    "\u200b",
    "Ada\u200b",
    "\u3164",
    "\uffa0",
    "\u115f",
    "A\u00add\u00ada",
    "\u2060Ada",
    "A\ufeffda",
    "Ada\u{e0041}\u{e0064}",
    "Ada\u034f",
    "A\u2028da",
    "\u180e",
    // Joiners and variants where they do nothing.
    "A\u200dda",
    "A\u200cda",
    "\u200d",
    "🙂\u200d",
    "\u200d🙂",
    "🙂\u200dAda",
    "ش\u200d\u200d",
    "A\ufe0fda",
    "A\u{e0100}da",
    "1\u{e0100}",
    "葛\u{e0100}\u{e0101}",
    "🙂\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
  ])("%j is refused as invisible or turning", (text) => {
    expect(messageOf(text)).toMatch(/invisible/);
  });

  test.each([
    ["\u2800", /blank/],
    ["\u2800 \u2800", /blank/],
    ["A\u0000", /control/],
    ["\ud800", /control/],
    [`Z${"\u0310".repeat(9)}algo`, /marks/],
    ["x".repeat(65), /64/],
  ])("%j is refused: %s", (text, message) => {
    expect(messageOf(text)).toMatch(message);
  });

  test("eight marks on a letter pass", () => {
    const text = `A${"\u0310".repeat(8)}b${"\u0310".repeat(8)}`;
    expect(name.parse(text)).toBe(text);
  });

  test("whatever passes, nothing in it turns text, and something in it can be seen", () => {
    const joiners = fc.constantFrom(
      ..."\u200b\u200c\u200d\ufe0f\u202e\u2066\u3164\u180e\u2800 🙂aش葛",
    );
    const text = fc.string({
      unit: fc.oneof(joiners, fc.string({ unit: "binary", maxLength: 1 })),
    });
    fc.assert(
      fc.property(text, (given) => {
        const { data } = name.safeParse(given);
        if (!data) return;
        expect(data).not.toMatch(/\p{Bidi_Control}/u);
        expect(data.replace(/[\p{Default_Ignorable_Code_Point}\s\u2800]/gu, "")).not.toBe("");
      }),
      { numRuns: 5_000 },
    );
  });

  test("a megabyte is refused in no time", () => {
    for (const piece of ["🙂\u200d", "ش\u200d", "\u0310", "葛\u{e0100}", "\u2800"]) {
      const text = piece.repeat(1_000_000 / piece.length);
      const ms = cpuTimeMs(() => expect(messageOf(text)).toMatch(/64/));
      expect(ms, piece).toBeLessThan(1_000);
    }
  });
});
