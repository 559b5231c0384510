/** Everything served over plain HTTP: a page that says what this is, and the server's health. */

import cors from "cors";
import express, { type ErrorRequestHandler, type Express } from "express";
import helmet from "helmet";
import type { Config } from "./config.ts";
import type { Logger } from "./logger.ts";
import type { OriginCheck } from "./origins.ts";
import type { RoomRegistry } from "./rooms.ts";

/** What the routes need from elsewhere. */
export interface HttpDeps {
  rooms: RoomRegistry;
  isAllowedOrigin: OriginCheck;
  log: Logger;
  /** Express's setting "trust proxy". */
  trustProxy: Config["trustProxy"];
  version: string;
  /** For how many seconds the server has been up. */
  uptimeSeconds: () => number;
}

/** Creates the Express application: `GET /`, `GET /health`, and errors as JSON. */
export function createHttpApp(deps: HttpDeps): Express {
  const { rooms, isAllowedOrigin, log, trustProxy, version, uptimeSeconds } = deps;
  const app = express();
  app.set("trust proxy", trustProxy);
  app.use(
    helmet({
      // It would turn http:// into https:// on a server without TLS that isn't localhost.
      contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
    }),
  );
  app.use(cors({ origin: (origin, callback) => callback(null, isAllowedOrigin(origin)) }));

  app.get("/", (_request, response) => {
    response.type("html").send(page(version));
  });

  app.get("/health", async (_request, response) => {
    const uptime = Math.floor(uptimeSeconds());
    response.json({ status: "ok", uptime, version, ...(await rooms.count()) });
  });

  app.use((request, response) => {
    const message = `there is no ${request.method} ${request.path} here`;
    response.status(404).json({ error: { code: "not_found", message } });
  });

  const onError: ErrorRequestHandler = (error, _request, response, next) => {
    if (response.headersSent) return next(error);
    // Express marks what the client did wrong, a malformed URL for instance, with a 4xx status.
    const status: unknown = error instanceof Error && "status" in error ? error.status : undefined;
    if (typeof status === "number" && status >= 400 && status < 500) {
      response
        .status(status)
        .json({ error: { code: "bad_request", message: "malformed request" } });
      return;
    }
    log.error({ err: error }, "a request failed");
    response.status(500).json({ error: { code: "internal", message: "the server failed" } });
  };
  app.use(onError);
  return app;
}

function page(version: string): string {
  return `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>WebRTC signaling server</title>
  <style>
    :root { color-scheme: light dark; }
    body { max-width: 40rem; margin: 4rem auto; padding: 0 1rem; font: 1rem/1.6 system-ui, sans-serif; }
  </style>
  <h1>WebRTC signaling server</h1>
  <p>Version ${version} is running. Browsers meet here in rooms and swap offers, answers and ICE
    candidates over Socket.IO; their audio and video then travel directly between them.</p>
  <p>Connect with <code>io("http://localhost:3000")</code>, or this address in its place.
    The README shows a whole call. How the server is doing: <a href="/health">/health</a>.</p>
</html>
`;
}
