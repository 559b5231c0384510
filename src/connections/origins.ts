/** Which pages may connect, by the Origin header that browsers send. */

import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { ProxyTrust } from "./limits.ts";

/** Whether a page of this origin may connect. `host` is the name by which it addresses the server. */
export type OriginCheck = (origin: string | undefined, host?: string) => boolean;

const THIS_MACHINE = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/;
const LOCAL_NAME = /^(?:[a-z0-9_-]+|(?:[a-z0-9_-]+\.)+local)$/;

/**
 * Creates the check for a list of origins; `*` allows all. An empty list allows localhost, on any
 * port. The server's own page is always allowed, and so are requests without an Origin: they come
 * from native clients.
 */
export function createOriginCheck(allowed: readonly string[]): OriginCheck {
  if (allowed.includes("*")) return () => true;
  const isListed = (origin: string) =>
    allowed.length > 0 ? allowed.includes(origin) : THIS_MACHINE.test(origin);
  return (origin, host) => origin === undefined || isListed(origin) || isOwnOrigin(origin, host);
}

/**
 * The name by which a request addresses the server: Host, or X-Forwarded-Host from a trusted proxy. Of
 * several names the first counts, as in Express.
 */
export function hostOf(request: IncomingMessage, isTrustedProxy: ProxyTrust): string | undefined {
  const { host, "x-forwarded-host": forwarded } = request.headers;
  const told = isTrustedProxy(request.socket.remoteAddress ?? "", 0) && String(forwarded ?? "");
  return told ? told.split(",", 1)[0]?.trim() : host;
}

/** An origin for a log line: at most 200 characters, printable ASCII only. */
export function printable(origin: string): string {
  return origin.slice(0, 200).replace(/[^!-~]/g, "?");
}

/**
 * Whether the page comes from the host that it addresses. With plain HTTP that isn't enough: by DNS
 * rebinding, any site's own name can resolve to this server. But HTTPS fails for such a name, since the
 * server has no certificate for it; and an IP address or a name of the local network can't be rebound.
 */
export function isOwnOrigin(origin: string, host: string | undefined): boolean {
  if (host === undefined) return false;
  return origin === `https://${host}` || (origin === `http://${host}` && isLocalName(host));
}

/** An IP address, an mDNS name, or one without a dot such as localhost; with or without a port. */
function isLocalName(host: string): boolean {
  const [, ipv6 = "", name = ""] = /^(?:\[(.+)\]|([^:]+))(?::\d{1,5})?$/.exec(host) ?? [];
  return isIP(ipv6) === 6 || isIP(name) === 4 || LOCAL_NAME.test(name);
}
