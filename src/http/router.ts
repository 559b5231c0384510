/** The HTTP routes: the page, the client as one file, and the server's health. */

import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import { TLSSocket } from "node:tls";
import { isDeepStrictEqual } from "node:util";
import cors from "cors";
import helmet from "helmet";
import createRoutes from "router";
import serveStatic from "serve-static";

/** Whether a load balancer may send new clients here, and if not, why. `store` tells of the rooms' store, if any. */
export type Readiness =
  | { readonly ready: true; readonly store?: "ok" | "unavailable" }
  | { readonly ready: false; readonly reason: "draining" | "store" };

/** How phones in the same network reach the page. */
export interface PhonePage {
  readonly url: string;
  /** An SVG image with the link to a room; undefined if no room has this name. */
  codeFor(room: string): string | undefined;
}

/** Dependencies of the routes. */
export interface RouterDeps {
  /** The numbers of rooms and of peers in them. */
  count: () => Promise<{ rooms: number; peers: number }>;
  readiness: () => Readiness;
  /** Whether pages of this origin may read the answers. */
  isAllowedOrigin: (origin: string | undefined) => boolean;
  version: string;
  /** The folder with the built page and client. */
  publicFolder: string;
  /** The path below which Socket.IO answers, for the page. */
  path: string;
  /** How phones reach the page; without it, or while it is undefined, they don't. */
  phone?: () => PhonePage | undefined;
}

/** Middleware for Express, or for `node:http`. What it doesn't serve goes to `next`. */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** The page has its own scripts and styles and connects to this server. Nothing inline, no CDN. */
const CONTENT_POLICY = {
  defaultSrc: ["'none'"],
  baseUri: ["'none'"],
  connectSrc: ["'self'"],
  formAction: ["'none'"],
  frameAncestors: ["'self'"],
  imgSrc: ["'self'", "data:"],
  mediaSrc: ["'self'", "blob:"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
};
const PERMISSIONS_POLICY = "camera=(self), microphone=(self), display-capture=(self)";
/** The page's script and style, and the client, as built by `npm run build:web`. */
const FILES = ["/app.js", "/client.js", "/style.css"].flatMap((file) => [file, `${file}.map`]);
/** The place in the page that holds the path of Socket.IO. */
const PATH_IN_PAGE = /(?<=<meta name="signaling-path" content=")[^"]*/;

/** The place in the page that holds its URL for phones. */
const PHONE_IN_PAGE = /(?<=<meta name="phone-url" content=")[^"]*/;

const setHelmetHeaders = helmet({
  contentSecurityPolicy: { useDefaults: false, directives: CONTENT_POLICY },
  // Subdomains are not this server's: they may have no TLS.
  strictTransportSecurity: { includeSubDomains: false },
});

/** Sets the security headers. */
export const protect: Middleware = (request, response, next) => {
  response.setHeader("Permissions-Policy", PERMISSIONS_POLICY);
  setHelmetHeaders(request, response, (error) => {
    // It would hold for all ports of the host: http://localhost:3000 would be sent to HTTPS as well.
    if (isSelfSigned(request.socket)) response.removeHeader("Strict-Transport-Security");
    next(error);
  });
};

/** Whether this server is reached by TLS with a certificate that nobody vouches for. */
function isSelfSigned(connection: Socket): boolean {
  if (!(connection instanceof TLSSocket)) return false;
  const { subject, issuer } = { subject: {}, issuer: {}, ...connection.getCertificate() };
  return isDeepStrictEqual(subject, issuer);
}

/** Creates the routes: the page at `/`, the client at `/client.js`, `GET /health` and `GET /ready`. */
export function createRouter(deps: RouterDeps): Middleware {
  const { count, readiness, isAllowedOrigin, version, publicFolder, path, phone } = deps;
  const router = createRoutes();
  const allow = cors({ origin: (origin, callback) => callback(null, isAllowedOrigin(origin)) });

  router.get("/health", protect, allow, async (_request, response) => {
    const uptime = Math.floor(process.uptime());
    const health = { status: "ok", uptime, version, ...(await count()) };
    response.setHeader("Content-Type", "application/json; charset=utf-8");
    response.end(JSON.stringify(health));
  });

  router.get("/ready", protect, allow, (_request, response) => {
    const { ready, ...rest } = readiness();
    response.statusCode = ready ? 200 : 503;
    response.setHeader("Content-Type", "application/json; charset=utf-8");
    const answer = { status: ready ? "ready" : "unavailable", ...rest };
    response.end(JSON.stringify(answer));
  });

  router.get("/", protect, async ({ originalUrl }, response) => {
    const [pathname = "", query] = originalUrl.split("?", 2);
    if (!pathname.endsWith("/")) {
      // The page loads its files by relative URLs. The redirect is relative too: it can't lead to another host.
      const folder = pathname.slice(pathname.lastIndexOf("/") + 1);
      const search = query === undefined ? "" : `?${query}`;
      response.writeHead(301, { Location: `./${folder}/${search}` }).end();
      return;
    }
    const page = await readFile(join(publicFolder, "index.html"), "utf8");
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end(page.replace(PATH_IN_PAGE, path).replace(PHONE_IN_PAGE, phone?.()?.url ?? ""));
  });

  router.get("/phone.svg", protect, ({ originalUrl }, response, next) => {
    const query = new URLSearchParams(originalUrl.split("?", 2)[1]);
    const code = phone?.()?.codeFor(query.get("room") ?? "");
    if (code === undefined) return next();
    response.setHeader("Content-Type", "image/svg+xml");
    response.setHeader("Cache-Control", "no-store");
    response.end(code);
  });

  router.get(FILES, protect, allow, serveStatic(publicFolder, { index: false }));
  return router;
}
