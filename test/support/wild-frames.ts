/** Frames that end their connection, or may: what comes behind them isn't handled then. */

import { type Frame, relayFrame } from "./frames.ts";
import type { Random } from "./random.ts";

const OFFER = '["offer",{"type":"offer","sdp":"x"}]';
const HEADER = '451-["offer",{"type":"offer","sdp":{"_placeholder":true,"num":0}}]';

const ENDS: readonly Frame[][] = [
  // What isn't JSON, in places where a quick look may miss it.
  ...['["offer",', '["offer",{', '["offer",]', '["offer",{"type":"offer","sdp":"x"}'].map((end) => [
    `42${end}`,
  ]),
  ...[" x", "]", ",", "\0", "[]", "\ufeff"].map((tail) => [`42${OFFER}${tail}`]),
  ...["undefined", "NaN", "01", "'x'", "{type:1}", "[1,]", "{,}", "tru"].map((json) => [
    `427["candidate",${json}]`,
  ]),
  ...["\n", "\t", "\u001f"].map((sign) => [`42["offer",{"type":"offer","sdp":"a${sign}b"}]`]),
  ...["\\x", "\\u12", "\\ud83", "\\U0041", "\\"].map((text) => [
    `42["offer",{"type":"offer","sdp":"${text}"}]`,
  ]),
  [`42["offer",{"type":"offer","sdp":"x","sdp":}]`],
  [`42["offer",{"type":"offer","sdp":"x"} {"to":"<1>"}]`],
  // Ids, namespaces and names.
  ...["-1", "1.5", "1e3", "+1", "0x1", " 1", "1 ", "٣", "Infinity"].map((id) => [
    `42${id}${OFFER}`,
  ]),
  ...["/x,", "/", "/,,", "x,", ","].map((namespace) => [`42${namespace}${OFFER}`]),
  ...["connect", "disconnect", "disconnecting", "newListener", "connect_error"].map((name) => [
    `42["${name}",{}]`,
  ]),
  ["42[]"],
  ["42[null]"],
  ["42{}"],
  ['42"offer"'],
  ["42[[]]"],
  ['42[["offer"],{}]'],
  // Other packets than events.
  ["40"],
  ["40{}"],
  ["44"],
  ["2"],
  ["4"],
  ["9"],
  [""],
  ["0"],
  [`4${OFFER}`],
  [`041${OFFER}`],
  [`2${OFFER}`],
  [`46${OFFER}`],
  // Binary where text is due, and the other way round.
  [Buffer.from(`42${OFFER}`)],
  [HEADER, `42${OFFER}`],
  [HEADER, HEADER],
  [HEADER, "3", Buffer.from("x"), Buffer.from("y")],
  ["451-", `42${OFFER}`],
  ["452-[1,2]", Buffer.from("x"), `42${OFFER}`],
  [`450-${OFFER}`],
  [`4599-${OFFER}`],
  // Over MAX_MESSAGE_BYTES.
  [`42["offer",{"type":"offer","sdp":"${"x".repeat(140_000)}"}]`],
];

/** One that ends it, or a valid one with a fault at a random place. */
export function wildFrames(random: Random): Frame[] {
  return random.chance(0.4) ? random.pick(ENDS) : [mutated(random, relayFrame(random))];
}

const SIGNS = '"\\{}[],:/0129-+. \n\u00a0offerandi';

function mutated(random: Random, frame: string): string {
  const at = random.upTo(random.chance(0.5) ? 14 : frame.length);
  const sign = random.pick([...SIGNS]);
  return random.pick([
    `${frame.slice(0, at)}${sign}${frame.slice(at + 1)}`,
    `${frame.slice(0, at)}${sign}${frame.slice(at)}`,
    `${frame.slice(0, at)}${frame.slice(at + 1)}`,
    frame.slice(0, at),
  ]);
}
