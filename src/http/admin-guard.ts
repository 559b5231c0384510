/** Who may use the admin listener. */

import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { addressKey } from "../connections/limits.ts";
import { isOwnOrigin } from "../connections/origins.ts";
import { RateLimiter, steadyNow } from "../connections/rate-limit.ts";
import type { Middleware } from "./router.ts";

/** Wrong tokens that an address may show: 1 in 10 s, after a burst of 10. */
const FAILURES = { perSecond: 0.1, burst: 10 };
/** With more of the allowance used up, there is none left for another wrong one. */
const MOST_OWED_MS = (1_000 * (FAILURES.burst - 1)) / FAILURES.perSecond;
/** Addresses with wrong tokens that are remembered. */
const MAX_ADDRESSES = 10_000;

type Refusal = readonly [status: number, code: string, message: string];

const FOREIGN: Refusal = [403, "forbidden", "pages of other origins may not use this"];
const REBOUND: Refusal = [
  403,
  "forbidden",
  "without ADMIN_TOKEN, address this as localhost or by an IP address",
];
const NO_TOKEN: Refusal = [
  401,
  "unauthorized",
  "send ADMIN_TOKEN: Authorization: Bearer …, or as the password of Basic authentication",
];
const TOO_MANY: Refusal = [429, "rate_limited", "too many wrong tokens; try again later"];

/**
 * Lets only those pass who show the token, if there is one, and no pages of other origins. Without a token, DNS
 * rebinding could make another site's page one of our own origin, so only names that can't be rebound are taken.
 */
export function createAdminGuard(token: string | undefined): Middleware {
  const failures = new Map<string, RateLimiter>();
  const isRight = token === undefined ? undefined : createComparison(token);

  function refusalOf(request: IncomingMessage): Refusal | undefined {
    if (isForeign(request)) return FOREIGN;
    if (!isRight) return isUnboundName(request.headers.host) ? undefined : REBOUND;
    const address = addressKey(request.socket.remoteAddress ?? "");
    const owedMs = (failures.get(address)?.fullAtMs() ?? 0) - steadyNow();
    if (owedMs > MOST_OWED_MS) return TOO_MANY;
    const given = tokenOf(request);
    if (given !== undefined && isRight(given)) return undefined;
    if (given !== undefined) countFailure(address);
    return NO_TOKEN;
  }

  function countFailure(address: string): void {
    const [oldest] = failures.keys();
    if (failures.size >= MAX_ADDRESSES && oldest !== undefined) failures.delete(oldest);
    const limiter = failures.get(address) ?? new RateLimiter(FAILURES, steadyNow);
    failures.set(address, limiter);
    limiter.take(1);
  }

  return (request, response, next) => {
    const refusal = refusalOf(request);
    if (!refusal) return next();
    const [status, code, message] = refusal;
    response.statusCode = status;
    if (status === 401) response.setHeader("WWW-Authenticate", 'Basic realm="roomrelay admin"');
    response.setHeader("Content-Type", "application/json; charset=utf-8");
    response.end(JSON.stringify({ error: { code, message } }));
  };
}

/** Whether no name server has a say in what this leads to. */
function isUnboundName(host = ""): boolean {
  const [, ipv6 = "", name = ""] = /^(?:\[(.+)\]|([^:]+))(?::\d{1,5})?$/.exec(host) ?? [];
  return name === "localhost" || isIP(name) === 4 || isIP(ipv6) === 6;
}

/** In constant time, whatever the length. */
function createComparison(token: string): (given: string) => boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const right = digest(token);
  return (given) => timingSafeEqual(digest(given), right);
}

/** The token of a request: a bearer token, or the password of Basic authentication (RFC 6750, RFC 7617). */
function tokenOf({ headers }: IncomingMessage): string | undefined {
  const [, scheme = "", value = ""] = /^(\w+) +(\S+)$/.exec(headers.authorization ?? "") ?? [];
  if (scheme.toLowerCase() === "bearer") return value;
  if (scheme.toLowerCase() !== "basic") return undefined;
  const userAndPassword = Buffer.from(value, "base64").toString();
  return userAndPassword.slice(userAndPassword.indexOf(":") + 1);
}

/**
 * Whether a page of another origin has caused the request. Browsers send one of these headers with all but simple
 * requests to plain HTTP, whose answers a page can't read. To follow a link to the page itself is allowed.
 */
function isForeign({ headers, method, url }: IncomingMessage): boolean {
  const { origin, host, "sec-fetch-site": site = "none" } = headers;
  if (origin !== undefined) return !isOwnOrigin(origin, host);
  if (site === "none" || site === "same-origin") return false;
  const isLink = method === "GET" && url === "/" && headers["sec-fetch-mode"] === "navigate";
  return !isLink;
}
