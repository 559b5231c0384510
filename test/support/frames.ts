/** What clients may send, good and bad, in all forms. `<3>` stands for the id of peer 3. Works outside of vitest as well. */

import type { Random } from "./random.ts";

/** A text message of a WebSocket, or a binary one. */
export type Frame = string | Uint8Array;

/** Parts of a string of JSON. Some of them have a shorter form, which is the one that they are relayed in. */
const PIECES = [
  ...[
    "v=0",
    "m=audio 9 x",
    "a=b",
    " ",
    "'",
    "/",
    "é",
    "🦉",
    "\u2028",
    "\u007f",
    "\u00a0",
    "{}[],:",
  ],
  ...["\\r\\n", "\\n", "\\t", "\\b", "\\f", '\\"', "\\\\", "\\/", "\\u0000", "\\u001f", "\\u001F"],
  ...["\\u0041", "\\u000a", "\\u00e9", "\\u2028", "\\u0022", "\\u005c", "\\ud83e", "\\uD83E"],
  ...["\\udd89", "\\uDD89", "\\ud83e\\udd89", "\\udd89\\ud83e", "\\\\u0041", "\\\\\\\\", '\\\\\\"'],
];
const LINES = [
  "a=candidate:1 1 udp 1 198.51.100.7 9 typ host\\r\\n",
  "a=candidate:1 1 udp 41885439 203.0.113.2 54321 typ relay raddr 198.51.100.7 rport 9\\r\\n",
  "c=IN IP4 198.51.100.7\\r\\n",
  "a=mid:0\\r\\n",
];
const CANDIDATES = [
  "candidate:1 1 udp 1 198.51.100.7 9 typ host",
  "candidate:1 1 udp 41885439 203.0.113.2 54321 typ relay raddr 198.51.100.7 rport 9 generation 0",
  "",
];
/** Members that nobody asked for, and a second one of each name. */
const MEMBERS = [
  ...[
    '"x":1',
    '"__proto__":{"sdp":"y"}',
    '"constructor":null',
    '"toJSON":"z"',
    '"":[]',
    '"t\\u0079pe":1',
  ],
  ...[
    '"type":"offer"',
    '"type":"answer"',
    '"type":5',
    '"sdp":"second"',
    '"\\u0073dp":"third"',
    '"sdp":null',
  ],
  ...['"candidate":"again"', '"sdpMid":"0"', '"sdpMid":null', '"sdpMid":0', '"sdpMLineIndex":0'],
  ...['"sdpMLineIndex":1e2', '"sdpMLineIndex":1.5', '"sdpMLineIndex":-0', '"usernameFragment":"u"'],
];
const ODD = ["null", "true", "0", '"x"', "[]", "{}", "[null]", '{"_placeholder":true,"num":0}'];
const ODD_IDS = ["0", "007", "00", "9007199254740991", "9007199254740993", "99999999999999999999"];
const RELAYED = ["offer", "answer", "candidate", "candidates"] as const;

/** One of the four events that are relayed. Valid JSON, whatever is in it. */
export function relayFrame(random: Random): string {
  const event = random.pick(RELAYED);
  const args = [`"${event}"`, payload(random, event)];
  if (random.chance(0.6)) args.push(target(random));
  if (random.chance(0.03)) args.push(random.pick(ODD));
  if (random.chance(0.02)) args.splice(1, 1);
  return `42${ackId(random)}${blanks(random, "[")}${args.join(blanks(random, ","))}${blanks(random, "]")}`;
}

function payload(random: Random, event: (typeof RELAYED)[number]): string {
  if (random.chance(0.04)) return random.pick(ODD);
  if (event === "candidate") return candidate(random);
  if (event !== "candidates") return description(random, event);
  const count = random.chance(0.05) ? random.pick([0, 63, 64, 65]) : 1 + random.upTo(3);
  return `[${Array.from({ length: count }, () => candidate(random)).join()}]`;
}

function description(random: Random, event: string): string {
  const type = random.chance(0.9) ? event : random.pick(["pranswer", "rollback", "", "Offer"]);
  return object(random, [`"type":"${type}"`, `"sdp":"${sdp(random)}"`]);
}

function sdp(random: Random): string {
  const kind = random.next();
  if (kind < 0.015) return "m=a\\r".repeat(random.pick([63, 64, 65]));
  // Around its limit of 98,304 bytes: of one byte, of two, and of three for half a pair.
  if (kind < 0.02) return "x".repeat(98_303 + random.upTo(2));
  if (kind < 0.025) return "é".repeat(49_151 + random.upTo(2));
  if (kind < 0.03) return `${"\\ud83e".repeat(200)}${"x".repeat(97_703 + random.upTo(2))}`;
  if (kind < 0.06) return `v=0\\r\\n${random.pick(LINES).repeat(random.upTo(200))}`;
  return text(random, random.pick([PIECES, LINES]));
}

function candidate(random: Random): string {
  if (random.chance(0.1)) return "null";
  const line = random.chance(0.7) ? random.pick(CANDIDATES) : text(random, PIECES);
  const long = random.chance(0.01) ? "c".repeat(2_040 + random.upTo(10)) : line;
  const members = [`"candidate":"${long}"`];
  if (random.chance(0.6)) members.push('"sdpMid":"0"', '"sdpMLineIndex":0');
  if (random.chance(0.2)) members.push(`"usernameFragment":"${text(random, PIECES)}"`);
  return object(random, members);
}

function target(random: Random): string {
  const to = `"<${random.upTo(9)}>"`;
  if (random.chance(0.7)) return `{"to":${to}}`;
  const members = [`"to":${random.pick([to, to, to, "null", "5", '""', '"nobody"', "[]"])}`];
  if (random.chance(0.3)) members.push(`"to":"<${random.upTo(9)}>"`);
  return random.chance(0.3) ? random.pick(ODD) : object(random, members);
}

/** Mostly as `JSON.stringify` writes it; else in another order, with more members, or with blanks. */
function object(random: Random, members: string[]): string {
  if (random.chance(0.6)) return `{${members.join()}}`;
  const all = random.chance(0.5) ? [...members] : [...members].reverse();
  for (let more = random.upTo(2); more > 0; more--) {
    all.splice(random.upTo(all.length), 0, random.pick(MEMBERS));
  }
  if (random.chance(0.05)) all.push(`"deep":${nested(random)}`);
  return `${blanks(random, "{")}${all.join(blanks(random, ","))}}`;
}

function nested(random: Random): string {
  const depth = random.pick([10, 100, 5_000]);
  return random.pick([
    `${"[".repeat(depth)}${"]".repeat(depth)}`,
    `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`,
  ]);
}

function text(random: Random, pieces: readonly string[]): string {
  return Array.from({ length: random.upTo(6) }, () => random.pick(pieces)).join("");
}

function blanks(random: Random, sign: string): string {
  return random.chance(0.97) ? sign : `${sign}${random.pick([" ", "\n", "\t", "  \r\n "])}`;
}

function ackId(random: Random): string {
  if (random.chance(0.4)) return "";
  return random.chance(0.95) ? String(random.upTo(1_500)) : random.pick(ODD_IDS);
}

/** An event that isn't relayed, or a packet that isn't one. */
export function otherFrames(random: Random): Frame[] {
  const id = random.chance(0.5) ? random.upTo(1_500) : "";
  const rooms = ["red", "green", "blue", "no room", ""];
  const flags = random.pick([
    "",
    ',"resume":true',
    ',"candidateLists":true',
    ',"metadata":{"a":1}',
  ]);
  return random.pick<() => Frame[]>([
    () => [`42${id}["join",{"room":"${random.pick(rooms)}"${flags}}]`],
    () => [`42${id}["leave"]`],
    () => [`42${id}["set_metadata",{"metadata":${random.pick(ODD)}}]`],
    () => [`42${id}["call_report",{"to":"<${random.upTo(9)}>","outcome":"failed","ms":1}]`],
    () => [
      `42${id}["${random.pick(["ice_servers", "resume", "getOffer", "__proto__", "error", "offe", "offers"])}",{}]`,
    ],
    () => [`42${id}[${random.pick(["1", "1,2", '"candidate"', '""', '"offer"'])}]`],
    () => [`42${id}`, `43${id}[{"ok":true}]`, "3"],
    () => [`42/,${id}["offer",{"type":"offer","sdp":"by its namespace"}]`],
    () => [`42${id}["\\u006fffer",{"type":"offer","sdp":"by another name"}]`],
    () => [
      `451-${id}["offer",{"type":"offer","sdp":{"_placeholder":true,"num":0}}]`,
      Buffer.from([1, 2]),
    ],
    () => [
      `451-${id}["candidate",{"candidate":"c"},{"_placeholder":true,"num":0}]`,
      Buffer.from("42"),
    ],
  ])();
}
