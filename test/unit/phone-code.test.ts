/** The QR codes say what they have to; read by a decoder. The page's own is scanned in test/browser. */

import { stripVTControlCharacters } from "node:util";
import { decodeQR } from "qr/decode.js";
import { expect, test } from "vitest";
import { roomCode, terminalCode } from "../../src/server/phone/code.ts";

/** Pixels for each module of the code; a decoder needs some. */
const SCALE = 4;

/** What a terminal draws, white on black: two rows of the code in a line. */
function read(text: string): string {
  const lines = stripVTControlCharacters(text).split("\n");
  const rows = lines.flatMap((line) =>
    ["█▀", "█▄"].map((lit) => [...line].map((c) => lit.includes(c))),
  );
  const [width, height] = [(rows[0]?.length ?? 0) * SCALE, rows.length * SCALE];
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = rows[Math.floor(y / SCALE)]?.[Math.floor(x / SCALE)] ? 255 : 0;
      data.fill(value, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  return decodeQR({ width, height, data });
}

test.each(["https://192.168.178.23:3443/", "https://[2001:db8::1:2:3]:65535/"])(
  "the terminal's code is %s",
  (url) => {
    expect(read(terminalCode(url))).toBe(url);
  },
);

test("each line sets its colours, and sets them back", () => {
  for (const line of terminalCode("https://192.168.1.5:3443/").split("\n")) {
    expect(line.startsWith("\u001b[38;5;231;48;5;16m")).toBe(true);
    expect(line.endsWith("\u001b[0m")).toBe(true);
  }
});

test("the code of a room is an image; without a valid name there is none", () => {
  expect(roomCode("https://192.168.1.5:3443/", "demo")).toMatch(/^<svg /);
  expect(roomCode("https://192.168.1.5:3443/", "x".repeat(128))).toMatch(/^<svg /);
  for (const room of ["", "a b", "x".repeat(129), '"><script>']) {
    expect(roomCode("https://192.168.1.5:3443/", room)).toBeUndefined();
  }
});
