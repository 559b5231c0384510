/** Which pages may talk to the server, by the Origin header that their browser sends. */

import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { ProxyTrust } from "./limits.ts";

/** Whether a page of this origin may talk to a server that it calls `host`. */
export type OriginCheck = (origin: string | undefined, host?: string) => boolean;

const THIS_MACHINE = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/;
const LOCAL_NAME = /^(?:[a-z0-9_-]+|(?:[a-z0-9_-]+\.)+local)$/;

/**
 * Creates the check for a list of origins; `*` lets every page in. An empty list stands for the
 * pages of this machine, on any port. The server's own page passes, whatever is in the list.
 * Without an Origin it is no page that asks (a native client), and it passes.
 */
export function createOriginCheck(allowed: readonly string[]): OriginCheck {
  if (allowed.includes("*")) return () => true;
  const isListed = (origin: string) =>
    allowed.length > 0 ? allowed.includes(origin) : THIS_MACHINE.test(origin);
  return (origin, host) => origin === undefined || isListed(origin) || isOwnOrigin(origin, host);
}

/**
 * The name that a request calls the server by: what a trusted proxy says it was asked for, or Host.
 * Of several proxies the first is believed, as by Express.
 */
export function hostOf(request: IncomingMessage, isTrustedProxy: ProxyTrust): string | undefined {
  const { host, "x-forwarded-host": forwarded } = request.headers;
  const told = isTrustedProxy(request.socket.remoteAddress ?? "", 0) && String(forwarded ?? "");
  return told ? told.split(",", 1)[0]?.trim() : host;
}

/** An origin for a log line: of bounded length, printable ASCII only. */
export function printable(origin: string): string {
  return origin.slice(0, 200).replace(/[^!-~]/g, "?");
}

/**
 * Whether the page is of the host that it asks. That alone proves nothing: by DNS rebinding, a page of
 * any site has its own name lead here. But it has no certificate here, and it can't rebind an IP
 * address or a name that only the local network knows.
 */
function isOwnOrigin(origin: string, host: string | undefined): boolean {
  if (host === undefined) return false;
  return origin === `https://${host}` || (origin === `http://${host}` && isLocalName(host));
}

/** An IP address, a name of mDNS, or one without a dot such as localhost; each with or without a port. */
function isLocalName(host: string): boolean {
  const [, ipv6 = "", name = ""] = /^(?:\[(.+)\]|([^:]+))(?::\d{1,5})?$/.exec(host) ?? [];
  return isIP(ipv6) === 6 || isIP(name) === 4 || LOCAL_NAME.test(name);
}
