/** Everything served over plain HTTP: the page, the client as one file, and the server's health. */

import cors from "cors";
import express, { type ErrorRequestHandler, type Express } from "express";
import helmet from "helmet";
import type { OriginCheck } from "../connections/origins.ts";
import type { Logger } from "../logger.ts";
import type { RoomRegistry } from "../rooms/registry.ts";

/** What the routes need from elsewhere. */
export interface HttpDeps {
  rooms: RoomRegistry;
  isAllowedOrigin: OriginCheck;
  log: Logger;
  /** Express's setting "trust proxy". */
  trustProxy: boolean | number | readonly string[];
  version: string;
  /** The folder with the built page and client. */
  publicFolder: string;
  /** For how many seconds the process has been up. */
  uptimeSeconds: () => number;
}

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

/** Creates the Express application: the page at `/`, `GET /health`, and errors as JSON. */
export function createHttpApp(deps: HttpDeps): Express {
  const { rooms, isAllowedOrigin, log, trustProxy, version, publicFolder, uptimeSeconds } = deps;
  const app = express();
  app.set("trust proxy", trustProxy);
  app.use(
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: CONTENT_POLICY },
      // Whether other names of the domain are served by TLS is not this server's to say.
      strictTransportSecurity: { includeSubDomains: false },
    }),
  );
  app.use((_request, response, next) => {
    response.setHeader("Permissions-Policy", PERMISSIONS_POLICY);
    next();
  });
  app.use(cors({ origin: (origin, callback) => callback(null, isAllowedOrigin(origin)) }));

  app.get("/health", async (_request, response) => {
    const uptime = Math.floor(uptimeSeconds());
    response.json({ status: "ok", uptime, version, ...(await rooms.count()) });
  });

  // The page with its style and scripts, and the client as /client.js: what `npm run build:web` made.
  app.use(express.static(publicFolder));

  app.use((request, response) => {
    const message = `there is no ${request.method} ${request.path} here`;
    response.status(404).json({ error: { code: "not_found", message } });
  });

  const onError: ErrorRequestHandler = (error, _request, response, next) => {
    if (response.headersSent) return next(error);
    const { status, message } = error;
    // What the request is at fault for, a range that isn't there say, is no event of ours.
    if (status >= 400 && status < 500) {
      return response.status(status).json({ error: { code: "bad_request", message } });
    }
    log.error({ err: error }, "a request failed");
    response.status(500).json({ error: { code: "internal", message: "the server failed" } });
  };
  app.use(onError);
  return app;
}
