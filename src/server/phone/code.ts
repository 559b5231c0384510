/** QR codes that lead a phone to this server. */

import { encodeQR } from "qr";
import * as names from "../../protocol/names.ts";

/** White on black in the palette's fixed part, whatever the terminal's theme makes of "white" and "black". */
const COLOURS = "\u001b[38;5;231;48;5;16m";
const RESET = "\u001b[0m";

/** A code as an SVG image, black on nothing, with a link to a room; undefined if no room has this name. */
export function roomCode(url: string, room: string): string | undefined {
  if (!names.room.safeParse(room).success) return undefined;
  const link = new URL(url);
  link.searchParams.set("room", room);
  return encodeQR(link.href, "svg", { border: 4 });
}

/** A code as lines of text for a terminal with colours; two rows of the code make a line. */
export function terminalCode(url: string): string {
  const lines = encodeQR(url, "ascii", { ecc: "low", border: 4 }).trimEnd().split("\n");
  return lines.map((line) => `${COLOURS}${line}${RESET}`).join("\n");
}
