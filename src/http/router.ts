/** What is served over plain HTTP: the page, the client as one file, and the server's health. */

import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import cors from "cors";
import helmet from "helmet";
import createRoutes from "router";
import serveStatic from "serve-static";
import type { OriginCheck } from "../connections/origins.ts";
import type { RoomRegistry } from "../rooms/registry.ts";

/** What the routes need from elsewhere. */
export interface RouterDeps {
  rooms: RoomRegistry;
  isAllowedOrigin: OriginCheck;
  version: string;
  /** The folder with the built page and client. */
  publicFolder: string;
  /** The path of Socket.IO, for the page. */
  path: string;
}

/** Middleware of `node:http`, and so of every Express. What it doesn't serve it leaves to `next`. */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** The page is one of our own scripts and styles, and talks to this server. Nothing inline, no CDN. */
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
/** The page's scripts and style, and the client: what `npm run build:web` makes. */
const FILES = ["/app.js", "/client.js", "/style.css"].flatMap((file) => [file, `${file}.map`]);
/** Where the page says at which path Socket.IO answers. */
const PATH_IN_PAGE = /(?<=<meta name="signaling-path" content=")[^"]*/;

const setHelmetHeaders = helmet({
  contentSecurityPolicy: { useDefaults: false, directives: CONTENT_POLICY },
  // Whether other names of the domain are served by TLS is not this server's to say.
  strictTransportSecurity: { includeSubDomains: false },
});

/** Sets the headers that keep a page safe on every answer from here on. */
export const protect: Middleware = (request, response, next) => {
  response.setHeader("Permissions-Policy", PERMISSIONS_POLICY);
  setHelmetHeaders(request, response, next);
};

/** Creates the routes: the page at `/`, the client at `/client.js`, and `GET /health`. */
export function createRouter(deps: RouterDeps): Middleware {
  const { rooms, isAllowedOrigin, version, publicFolder, path } = deps;
  const router = createRoutes();
  const allow = cors({ origin: (origin, callback) => callback(null, isAllowedOrigin(origin)) });

  router.get("/health", protect, allow, async (_request, response) => {
    const uptime = Math.floor(process.uptime());
    const health = { status: "ok", uptime, version, ...(await rooms.count()) };
    response.setHeader("Content-Type", "application/json; charset=utf-8");
    response.end(JSON.stringify(health));
  });

  router.get("/", protect, async ({ originalUrl }, response) => {
    const [pathname = "", query] = originalUrl.split("?", 2);
    if (!pathname.endsWith("/")) {
      // The page's files are beside it. A relative URL, so that it can't lead to another host.
      const folder = pathname.slice(pathname.lastIndexOf("/") + 1);
      const search = query === undefined ? "" : `?${query}`;
      response.writeHead(301, { Location: `./${folder}/${search}` }).end();
      return;
    }
    const page = await readFile(join(publicFolder, "index.html"), "utf8");
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end(page.replace(PATH_IN_PAGE, path));
  });

  router.get(FILES, protect, allow, serveStatic(publicFolder, { index: false }));
  return router;
}
