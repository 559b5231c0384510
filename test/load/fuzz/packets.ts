/** Hostile packets: Socket.IO ones that parse, with all kinds of arguments, and frames that don't. */

import { type Frame, relayFrame } from "../../support/frames.ts";
import type { Random } from "../../support/random.ts";
import { wildFrames } from "../../support/wild-frames.ts";

const EVENTS = [
  "join",
  "offer",
  "answer",
  "candidate",
  "leave",
  "refresh_token",
  "call_report",
  "getOffer",
  "room_users",
  "signal_error",
  "settled?",
  "__proto__",
  "constructor",
  "toString",
  "error",
  "message",
  "ping",
  "",
];
const MEMBERS = [
  "room",
  "name",
  "type",
  "sdp",
  "candidate",
  "sdpMid",
  "sdpMLineIndex",
  "usernameFragment",
  "to",
  "from",
  "outcome",
  "ms",
  "path",
  "toJSON",
  "then",
  "length",
  "constructor",
  "_placeholder",
  "num",
  "__proto__",
];
const WORDS = [
  "fuzz-1",
  "fuzz-2",
  "offer",
  "answer",
  "rollback",
  "connected",
  "failed",
  "relay/udp",
  "candidate:1 1 udp 1 192.0.2.1 9 typ host",
  "v=0\r\n",
  "\0",
  "\ud800",
  "\u202e",
  "🦉",
  "x\x1ey",
  "-1",
  "NaN",
  " ",
  "",
];
const NUMBERS = [0, -0, 1, -1, 0.5, 65_535, 65_536, 2 ** 31, 2 ** 53, 1e308, -1e-308];

/** One packet: a text frame and the binary frames that belong to it. */
export type Packet = [string, ...Uint8Array[]];

/** A packet that Socket.IO reads. `ids` are those of peers that are there. */
export function hostilePacket(random: Random, ids: readonly string[]): Packet {
  // Half of them have the form that the lane takes, or nearly.
  if (random.chance(0.5)) return [withIds(relayFrame(random), ids)];
  const kind = random.next();
  if (kind < 0.02) return [`40/${random.pick(WORDS.slice(0, 2))},${json(random, ids, 2)}`];
  if (kind < 0.06) return [`43${ackId(random)}[${json(random, ids, 2)}]`];
  if (kind < 0.08) return [random.pick(["3", '42["leave"]'])];
  const name = random.chance(0.9)
    ? JSON.stringify(random.pick(EVENTS))
    : JSON.stringify(random.next());
  const args = Array.from({ length: random.upTo(4) }, () => argument(random, ids));
  const body = `${random.chance(0.7) ? ackId(random) : ""}[${[name, ...args].join()}]`;
  if (kind > 0.97) {
    const count = random.upTo(3);
    return [`45${count}-${body}`, ...Array.from({ length: count }, () => bytes(random))];
  }
  return [`42${body}`];
}

/** Frames of which one ends the connection, or should. */
export function malformedFrames(random: Random, ids: readonly string[]): Frame[] {
  if (random.chance(0.5)) return [malformedFrame(random)];
  const frames = wildFrames(random);
  return frames.map((frame) => (typeof frame === "string" ? withIds(frame, ids) : frame));
}

function withIds(frame: string, ids: readonly string[]): string {
  return frame.replace(/<(\d)>/g, (_, n) => ids[n] ?? "nobody");
}

function malformedFrame(random: Random): string | Uint8Array {
  return random.pick([
    () => bytes(random),
    () => "",
    () => "9",
    () => "42",
    () => "42{",
    () => "42{}",
    () => '42["disconnect"]',
    () => '42["connect",{}]',
    () => "429",
    () => "4",
    () => "40",
    () => "41",
    () => "1",
    () => "2probe",
    () => "5",
    () => '451-["offer",{"_placeholder":true,"num":9}]',
    () => "45999-[]",
    () => "45-1-[]",
    () => "451-",
    () => '451-["x",{"_placeholder":true,"num":0}]'.slice(0, random.upTo(40)),
    () => `4${String.fromCharCode(random.upTo(0xffff))}`,
    () => `42${"[".repeat(random.upTo(20_000))}`,
    () => `42/${"x".repeat(random.upTo(10_000))}`,
    () => `42${"9".repeat(random.upTo(400))}["leave"]`,
    () => `42["offer","${"x".repeat(140_000)}"]`,
  ])();
}

const ackId = (random: Random) =>
  String(random.chance(0.9) ? random.upTo(1_000) : random.upTo(2 ** 53));

/** Half of the time nearly right, for the deeper code; else anything. */
function argument(random: Random, ids: readonly string[]): string {
  if (random.chance(0.5)) return json(random, ids, 4);
  const id = JSON.stringify(random.pick([...ids, ...WORDS]));
  const word = JSON.stringify(random.pick(WORDS));
  return random.pick([
    `{"room":${word},"name":${word}}`,
    `{"type":"offer","sdp":${word}}`,
    `{"type":"answer","sdp":${json(random, ids, 2)}}`,
    `{"candidate":${word},"sdpMid":${json(random, ids, 1)},"sdpMLineIndex":${random.pick(NUMBERS)}}`,
    `{"to":${id}}`,
    `{"to":${id},"outcome":${word},"ms":${random.pick(NUMBERS)},"path":${word},"reason":${word}}`,
    `{"to":${json(random, ids, 2)}}`,
  ]);
}

function json(random: Random, ids: readonly string[], depth: number): string {
  const kind = random.upTo(depth > 0 ? 13 : 8);
  if (kind <= 2) return JSON.stringify(random.pick(WORDS));
  if (kind === 3) return String(random.pick(NUMBERS));
  if (kind === 4) return random.pick(["true", "false", "null"]);
  if (kind === 5) return JSON.stringify(random.pick([...ids, "nobody"]));
  if (kind === 6) return `{"_placeholder":true,"num":${random.pick(NUMBERS)}}`;
  if (kind === 7) return '"\\ud800\\u0000\\u2028"';
  if (kind === 8) return random.chance(0.02) ? monster(random) : '""';
  const inner = () => json(random, ids, depth - 1);
  const items = Array.from({ length: random.upTo(4) }, inner);
  if (kind === 9) return `[${items.join()}]`;
  return `{${items.map((item) => `${JSON.stringify(random.pick(MEMBERS))}:${item}`).join()}}`;
}

/** Long or deep, within the size of a message. */
function monster(random: Random): string {
  const size = random.upTo(12_000);
  return random.pick([
    `"${"x".repeat(size * 8)}"`,
    `${"[".repeat(size)}${"]".repeat(size)}`,
    `${'{"a":'.repeat(size)}1${"}".repeat(size)}`,
    `[${"0,".repeat(size)}0]`,
    `{${Array.from({ length: size / 12 }, (_, n) => `"${n}":0`).join()}}`,
  ]);
}

function bytes(random: Random): Uint8Array {
  return Uint8Array.from({ length: random.upTo(64) }, () => random.upTo(255));
}
