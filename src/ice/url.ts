/** Parsing of STUN and TURN URIs (RFC 7064, RFC 7065), as strict as in browsers. */

import { isIPv6 } from "node:net";

/** A parsed STUN or TURN URI. */
export interface IceUrl {
  readonly service: "stun" | "turn";
  readonly transport: "udp" | "tcp" | "tls";
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

const SYNTAX =
  /^(?<scheme>stuns?|turns?):(?<host>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::(?<port>\d{1,5}))?(?:\?transport=(?<transport>udp|tcp))?$/;

/**
 * Parses `scheme:host[:port][?transport=udp|tcp]`; `undefined` if browsers can't use it. RTCPeerConnection
 * throws for `stun:…?transport=`, and `turns:` over UDP would be DTLS, which no browser supports.
 */
export function parseIceUrl(text: string): IceUrl | undefined {
  const { scheme = "", host = "", port, transport } = SYNTAX.exec(text)?.groups ?? {};
  const service = scheme.startsWith("turn") ? "turn" : "stun";
  const secure = scheme.endsWith("s");
  const portNumber = Number(port ?? (secure ? 5349 : 3478));
  if (scheme === "" || portNumber < 1 || portNumber > 65_535) return undefined;
  if (host.startsWith("[") && !isIPv6(host.slice(1, -1))) return undefined;
  if (transport !== undefined && (service === "stun" || (secure && transport === "udp"))) {
    return undefined;
  }
  return {
    service,
    transport: secure ? "tls" : transport === "tcp" ? "tcp" : "udp",
    host: host.replace(/^\[|\]$/g, ""),
    port: portNumber,
  };
}
