/** How many connections there may be at a time: in all, and from one address. */

import type { IncomingMessage } from "node:http";
import ipaddr from "ipaddr.js";
import proxyAddr from "proxy-addr";

/** Whether the proxy with this address, so many hops away, may say who is behind it. */
export type ProxyTrust = (address: string, hop: number) => boolean;

/** How many connections there may be; 0 sets no limit. */
export interface ConnectionLimits {
  readonly maxConnections: number;
  /** From one IPv4 address or one IPv6 /64. */
  readonly maxConnectionsPerAddress: number;
}

/** A place taken, to be given back once. */
export interface Place {
  /** The IPv4 address or IPv6 /64 that it counts for; undefined where addresses have no limit. */
  readonly address: string | undefined;
  /** Gives it back. For the address it stays taken for `holdMs` more, if given. */
  readonly release: (holdMs?: number) => void;
}

/** How long an address does without the place of a connection that was cut off for what it did. */
export const PENALTY_MS = 30_000;

/** A place, or why there is none. */
type Admission = ({ ok: true } & Place) | { ok: false; reason: string };

/** Takes a place for a new connection from this address. */
export type ConnectionLimiter = (address: string) => Admission;

/** Creates the count. A limit of 0 is none. */
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
    const key = keyOf(address);
    const count = byAddress.get(key) ?? 0;
    if (total >= maxConnections) return refused("the server has as many connections as it may");
    if (count >= maxPerAddress) return refused("there are too many connections from your address");
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

/** Reads Express's setting "trust proxy": all, none, how many hops, or which addresses. */
export function createProxyTrust(trusted: boolean | number | readonly string[]): ProxyTrust {
  if (typeof trusted === "boolean") return () => trusted;
  if (typeof trusted === "number") return (_address, hop) => hop < trusted;
  return proxyAddr.compile([...trusted]);
}

/** The address of who sent a request: as trusted proxies say, or its own. */
export function clientAddress(request: IncomingMessage, isTrustedProxy: ProxyTrust): string {
  const claimed = withoutPort(proxyAddr(request, isTrustedProxy));
  return ipaddr.isValid(claimed) ? claimed : (request.socket.remoteAddress ?? "");
}

/** Some proxies write `192.0.2.1:50000` and `[2001:db8::1]:50000` (RFC 7239, 6). */
function withoutPort(address: string): string {
  const { v4, v6 } = /^(?:(?<v4>[\d.]+):\d+|\[(?<v6>.+)\](?::\d+)?)$/.exec(address)?.groups ?? {};
  return v4 ?? v6 ?? address;
}

/** An IPv4 address, or an IPv6 /64, which is the least that a customer gets (RFC 6177). */
function keyOf(address: string): string {
  if (!ipaddr.isValid(address)) return "unknown";
  // ::ffff:192.0.2.1 is 192.0.2.1.
  const ip = ipaddr.process(address);
  return ip instanceof ipaddr.IPv6 ? ip.parts.slice(0, 4).join(":") : ip.toString();
}

function refused(reason: string): Admission {
  return { ok: false, reason };
}
