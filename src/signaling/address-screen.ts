/**
 * The filter for ICE_TRANSPORT_POLICY=relay: removes all addresses but those of relayed candidates from
 * candidates and SDPs. It is an allowlist: whatever isn't known to be free of addresses is dropped.
 */

import { isIPv4, isIPv6 } from "node:net";
import type { Candidate, Description } from "../protocol/messages.ts";

/** Filters for payloads; `undefined` if nothing may pass. */
export interface Screen {
  description(description: Description): Description;
  candidate(candidate: Candidate | null): Candidate | null | undefined;
  candidates(candidates: (Candidate | null)[]): (Candidate | null)[] | undefined;
}

/** Creates the filters for a policy; with "all", payloads pass unchanged. */
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

/** Ten times as many as a browser sends in a room of 16. Each takes 0.5 µs, so this bounds the CPU time. */
const MAX_LINES = 4_000;

/** A relayed candidate (RFC 8839, 5.1). UDP only, since browsers don't relay TCP. */
const RELAYED =
  /^(?<prefix>(?:a=)?candidate:[A-Za-z0-9+/]{1,32} \d{1,3} [Uu][Dd][Pp] \d{1,10}) (?<address>[0-9A-Fa-f:.]{2,45}) (?<port>\d{1,5}) typ relay(?<rest>(?: [!-~]+ [!-~]+)*)$/;

/** Extensions that browsers use; no address fits their values. */
const EXTENSION = / (?:generation|ufrag|network-id|network-cost) [A-Za-z0-9+/]+(?= |$)/g;

/** An IPv4 address, a part of an IPv6 address, or an mDNS name. */
const ADDRESS = /\d\.\d+\.\d+\.\d|:[0-9a-f]*:|\.local/i;

/** Lines that are rewritten to the placeholders of RFC 8829, 5.2.1, as before any candidate is known. */
const REWRITES: readonly [RegExp, string][] = [
  [/^o=\S+ (\d+ \d+) IN .*$/, "o=- $1 IN IP4 0.0.0.0"],
  [/^s=.*$/, "s=-"],
  [/^c=IN IP4 .*$/, "c=IN IP4 0.0.0.0"],
  [/^c=IN IP6 .*$/, "c=IN IP6 ::"],
  // Port 0 means that the section is rejected, so it stays; 9 means "not known yet".
  [/^(m=[a-z]+) [1-9]\d*(?:\/\d+)? /, "$1 9 "],
  [/^a=rtcp:.*$/, "a=rtcp:9 IN IP4 0.0.0.0"],
];

/** Lines that can't hold an address. A fingerprint only looks like an IPv6 address (RFC 8122, 5). */
const PLAIN_LINES = [
  /^(?:v=0|s=-|t=\d+ \d+|b=[A-Za-z-]+:\d+)$/,
  /^(?:o=- \d+ \d+ IN IP4 0\.0\.0\.0|c=IN IP4 0\.0\.0\.0|c=IN IP6 ::|a=rtcp:9 IN IP4 0\.0\.0\.0)$/,
  /^m=[a-z]+ [09] [A-Za-z/]+(?: [A-Za-z0-9-]+)+$/,
  /^a=fingerprint:[A-Za-z0-9-]+ [0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){19,}$/,
];

/**
 * The attributes of RFC 8829, and further ones that browsers use. Not `identity`: Firefox opens a TLS
 * connection to the host it names, which bypasses the TURN server (RFC 8827, 7).
 */
const ATTRIBUTES = new Set(
  `bundle-only content end-of-candidates extmap extmap-allow-mixed fmtp framerate group ice-lite
   ice-options ice-pacing ice-pwd ice-ufrag imageattr inactive max-message-size maxptime mid
   msid msid-semantic packetization ptime recvonly rid rtcp-fb rtcp-mux rtcp-mux-only rtcp-rsize
   rtpmap sctp-port sctpmap sendonly sendrecv setup simulcast ssrc ssrc-group tls-id
   x-google-flag`.split(/\s+/),
);

/**
 * Filters a candidate: `undefined` unless it is relayed. Its related address, which is the peer's own, is
 * blanked. The end of candidates passes.
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
  // No names: the receiver's DNS lookup would reveal its network to the owner of the name.
  if (!isIPv4(address) && !isIPv6(address)) return undefined;
  const related = isIPv4(address) ? "0.0.0.0" : "::";
  const extensions = rest.match(EXTENSION)?.join("") ?? "";
  return `${prefix} ${address} ${port} typ relay raddr ${related} rport 0${extensions}`;
}

/** Filters a description: relayed candidates stay, other addresses are removed. */
function screenDescription({ type, sdp }: Description): Description {
  // Receivers may accept any of these as the end of a line.
  const lines = sdp.split(/\r\n|\r|\n/, MAX_LINES).flatMap((line) => screenLine(line) ?? []);
  return { type, sdp: lines.map((line) => `${line}\r\n`).join("") };
}

function screenLine(line: string): string | undefined {
  if (line[1] !== "=") return undefined;
  if (line.startsWith("a=candidate:")) return screenCandidateLine(line);
  const rewritten = REWRITES.reduce((text, [pattern, by]) => text.replace(pattern, by), line);
  if (PLAIN_LINES.some((pattern) => pattern.test(rewritten))) return rewritten;
  return isKnownAttribute(rewritten) && !ADDRESS.test(rewritten) ? rewritten : undefined;
}

/** Printable ASCII only, since receivers may interpret other bytes differently. */
function isKnownAttribute(line: string): boolean {
  const [, name = ""] = /^a=([a-z-]+)(?::[ -~]*)?$/.exec(line) ?? [];
  return ATTRIBUTES.has(name);
}

function same<T>(payload: T): T {
  return payload;
}
