/** Limits of simultaneous connections: in total, and from one address. */

import type { IncomingMessage } from "node:http";
import ipaddr from "ipaddr.js";
import proxyAddr from "proxy-addr";

/** Whether the proxy with this address is trusted; `hop` 0 is the one that connects to the server. */
export type ProxyTrust = (address: string, hop: number) => boolean;

/** Limits of simultaneous connections; 0 sets no limit. */
export interface ConnectionLimits {
  readonly maxConnections: number;
  /** From one IPv4 address or one IPv6 /64. */
  readonly maxConnectionsPerAddress: number;
}

/** A connection's share of the limits. */
export interface Place {
  /** The IPv4 address or IPv6 /64 that it counts for; undefined if addresses have no limit. */
  readonly address: string | undefined;
  /** Gives the place back; for the address `holdMs` later, if given. Further calls do nothing. */
  readonly release: (holdMs?: number) => void;
}

/** How long the place of a connection that was cut off stays taken for its address. */
export const PENALTY_MS = 30_000;

/** A place, or why none is left. */
type Admission = ({ ok: true } & Place) | ({ ok: false } & Refused);

/** Why a connection is refused: a name for it, and a sentence for people. */
export interface Refused {
  readonly code: "too_many" | "too_many_from_address" | "foreign_origin" | "jsonp" | "closing";
  readonly reason: string;
}

/** Takes a place for a new connection from this address. */
export type ConnectionLimiter = (address: string) => Admission;

const TOO_MANY = { code: "too_many", reason: "the server has too many connections" } as const;
const TOO_MANY_FROM_ADDRESS = {
  code: "too_many_from_address",
  reason: "there are too many connections from your address",
} as const;

/** Creates a limiter that counts the places taken. */
export function createConnectionLimiter(limits: ConnectionLimits): ConnectionLimiter {
  const maxConnections = limits.maxConnections || Number.POSITIVE_INFINITY;
  const maxPerAddress = limits.maxConnectionsPerAddress || Number.POSITIVE_INFINITY;
  const byAddress = new Map<string, number>();
  let total = 0;

  function forget(key: string): void {
    const left = (byAddress.get(key) ?? 0) - 1;
    if (left > 0) byAddress.set(key, left);
    else byAddress.delete(key);
  }

  return (address) => {
    const key = addressKey(address);
    const count = byAddress.get(key) ?? 0;
    if (total >= maxConnections) return { ok: false, ...TOO_MANY };
    if (count >= maxPerAddress) return { ok: false, ...TOO_MANY_FROM_ADDRESS };
    byAddress.set(key, count + 1);
    total++;
    let held = true;
    const release = (holdMs = 0) => {
      if (!held) return;
      held = false;
      total--;
      if (holdMs > 0) setTimeout(forget, holdMs, key).unref();
      else forget(key);
    };
    return { ok: true, address: limits.maxConnectionsPerAddress ? key : undefined, release };
  };
}

/** Compiles Express's setting "trust proxy": all, none, a number of hops, or addresses. */
export function createProxyTrust(trusted: boolean | number | readonly string[]): ProxyTrust {
  if (typeof trusted === "boolean") return () => trusted;
  if (typeof trusted === "number") return (_address, hop) => hop < trusted;
  return proxyAddr.compile([...trusted]);
}

/** The address of the client: as stated by trusted proxies, else that of the TCP connection. */
export function clientAddress(request: IncomingMessage, isTrustedProxy: ProxyTrust): string {
  const claimed = withoutPort(proxyAddr(request, isTrustedProxy));
  return ipaddr.isValid(claimed) ? claimed : (request.socket.remoteAddress ?? "");
}

/** Some proxies write `192.0.2.1:50000` and `[2001:db8::1]:50000` (RFC 7239, 6). */
function withoutPort(address: string): string {
  const { v4, v6 } = /^(?:(?<v4>[\d.]+):\d+|\[(?<v6>.+)\](?::\d+)?)$/.exec(address)?.groups ?? {};
  return v4 ?? v6 ?? address;
}

/** What limits count as one address: an IPv4 address, or an IPv6 /64, the smallest network that customers get (RFC 6177). */
export function addressKey(address: string): string {
  if (!ipaddr.isValid(address)) return "unknown";
  // ::ffff:192.0.2.1 counts as 192.0.2.1.
  const ip = ipaddr.process(address);
  return ip instanceof ipaddr.IPv6 ? ip.parts.slice(0, 4).join(":") : ip.toString();
}
