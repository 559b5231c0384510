/**
 * For rooms whose peers must not learn each other's address: what remains of a candidate and of an
 * SDP when relayed candidates alone may pass. It lists what may pass; all else is left out.
 */

import { isIPv4, isIPv6 } from "node:net";
import type { Candidate, Description } from "../protocol/messages.ts";

/** What may pass of a payload; `undefined` is nothing of it. */
export interface Screen {
  description(description: Description): Description;
  candidate(candidate: Candidate | null): Candidate | null | undefined;
  candidates(candidates: (Candidate | null)[]): (Candidate | null)[] | undefined;
}

/** The screen between the peers: for "all" it lets everything pass as it is. */
export function createScreen(policy: "all" | "relay"): Screen {
  if (policy === "all") return { description: same, candidate: same, candidates: same };
  return {
    description: screenDescription,
    candidate: screenCandidate,
    candidates: (candidates) => {
      const passed = candidates.map(screenCandidate).filter((candidate) => candidate !== undefined);
      return passed.length > 0 ? passed : undefined;
    },
  };
}

/** Ten times what a browser offers a room of 16; each takes half a microsecond, and who sends may be hostile. */
const MAX_LINES = 4_000;

/** A candidate by the grammar of RFC 8839, 5.1; of UDP, since no browser relays TCP. */
const RELAYED =
  /^(?<prefix>(?:a=)?candidate:[A-Za-z0-9+/]{1,32} \d{1,3} [Uu][Dd][Pp] \d{1,10}) (?<address>[0-9A-Fa-f:.]{2,45}) (?<port>\d{1,5}) typ relay(?<rest>(?: [!-~]+ [!-~]+)*)$/;

/** Extensions that browsers send along; an address doesn't fit into their values. */
const EXTENSION = / (?:generation|ufrag|network-id|network-cost) [A-Za-z0-9+/]+(?= |$)/g;

/** An IPv4 address, a piece of an IPv6 one, or a name of mDNS. */
const ADDRESS = /\d\.\d+\.\d+\.\d|:[0-9a-f]*:|\.local/i;

/** Lines that are told otherwise: as RFC 8829, 5.2.1 has them before any candidate is known. */
const REWRITES: readonly [RegExp, string][] = [
  [/^o=\S+ (\d+ \d+) IN .*$/, "o=- $1 IN IP4 0.0.0.0"],
  [/^s=.*$/, "s=-"],
  [/^c=IN IP4 .*$/, "c=IN IP4 0.0.0.0"],
  [/^c=IN IP6 .*$/, "c=IN IP6 ::"],
  // Port 0 rejects the section, 9 stands for "not known yet".
  [/^(m=[a-z]+) [1-9]\d*(?:\/\d+)? /, "$1 9 "],
  [/^a=rtcp:.*$/, "a=rtcp:9 IN IP4 0.0.0.0"],
];

/** Lines with no room for an address. A fingerprint looks like one, and is none (RFC 8122, 5). */
const PLAIN_LINES = [
  /^(?:v=0|s=-|t=\d+ \d+|b=[A-Za-z-]+:\d+)$/,
  /^(?:o=- \d+ \d+ IN IP4 0\.0\.0\.0|c=IN IP4 0\.0\.0\.0|c=IN IP6 ::|a=rtcp:9 IN IP4 0\.0\.0\.0)$/,
  /^m=[a-z]+ [09] [A-Za-z/]+(?: [A-Za-z0-9-]+)+$/,
  /^a=fingerprint:[A-Za-z0-9-]+ [0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){19,}$/,
];

/**
 * The attributes of RFC 8829 and those that browsers add to them. Not `identity`: it names a host, to
 * which Firefox opens a TLS connection past the TURN server (RFC 8827, 7).
 */
const ATTRIBUTES = new Set(
  `bundle-only content end-of-candidates extmap extmap-allow-mixed fmtp framerate group ice-lite
   ice-options ice-pacing ice-pwd ice-ufrag imageattr inactive max-message-size maxptime mid
   msid msid-semantic packetization ptime recvonly rid rtcp-fb rtcp-mux rtcp-mux-only rtcp-rsize
   rtpmap sctp-port sctpmap sendonly sendrecv setup simulcast ssrc ssrc-group tls-id
   x-google-flag`.split(/\s+/),
);

/**
 * The candidate as the others may see it: `undefined` unless it is a relayed one. The address it is
 * related to, which is the peer's own, is blanked. The end of candidates passes.
 */
function screenCandidate(candidate: Candidate | null): Candidate | null | undefined {
  if (candidate === null) return null;
  const { sdpMid, usernameFragment } = candidate;
  if ([sdpMid, usernameFragment].some((text) => text && ADDRESS.test(text))) return undefined;
  if (candidate.candidate === "") return candidate;
  const line = screenCandidateLine(candidate.candidate);
  return line === undefined ? undefined : { ...candidate, candidate: line };
}

function screenCandidateLine(line: string): string | undefined {
  const { prefix, address = "", port, rest = "" } = RELAYED.exec(line)?.groups ?? {};
  // Not a name: whoever receives it would look it up, and so tell its owner where it is.
  if (!isIPv4(address) && !isIPv6(address)) return undefined;
  const related = isIPv4(address) ? "0.0.0.0" : "::";
  const extensions = rest.match(EXTENSION)?.join("") ?? "";
  return `${prefix} ${address} ${port} typ relay raddr ${related} rport 0${extensions}`;
}

/** The description as the others may see it: relayed candidates, and no other address. */
function screenDescription({ type, sdp }: Description): Description {
  // A receiver might end a line at any of these, so each of them ends one here.
  const lines = sdp.split(/\r\n|\r|\n/, MAX_LINES).flatMap((line) => screenLine(line) ?? []);
  return { type, sdp: lines.map((line) => `${line}\r\n`).join("") };
}

function screenLine(line: string): string | undefined {
  if (line[1] !== "=") return undefined;
  if (line.startsWith("a=candidate:")) return screenCandidateLine(line);
  const told = REWRITES.reduce((text, [pattern, by]) => text.replace(pattern, by), line);
  if (PLAIN_LINES.some((pattern) => pattern.test(told))) return told;
  return isKnownAttribute(told) && !ADDRESS.test(told) ? told : undefined;
}

/** Printable ASCII only: what else a receiver makes of a line's bytes is anybody's guess. */
function isKnownAttribute(line: string): boolean {
  const [, name = ""] = /^a=([a-z-]+)(?::[ -~]*)?$/.exec(line) ?? [];
  return ATTRIBUTES.has(name);
}

function same<T>(payload: T): T {
  return payload;
}
