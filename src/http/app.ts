/** The Express application of a server of our own: the routes, and errors as JSON. */

import express, { type ErrorRequestHandler, type Express } from "express";
import { createFaultLog } from "../connections/sparse-log.ts";
import type { Logger } from "../logger.ts";
import { type Middleware, protect } from "./router.ts";

/** Creates the application around the routes: what there isn't is a 404 in JSON. */
export function createHttpApp(router: Middleware, log: Logger): Express {
  const app = express();
  const logFault = createFaultLog(log);
  app.use(protect);
  app.use(router);

  app.use((request, response) => {
    const message = `there is no ${request.method} ${request.path} here`;
    response.status(404).json({ error: { code: "not_found", message } });
  });

  const onError: ErrorRequestHandler = (error, _request, response, next) => {
    if (response.headersSent) return next(error);
    const { status, message } = error;
    // What the client is at fault for isn't logged, such as a range that isn't there.
    if (status >= 400 && status < 500) {
      return response.status(status).json({ error: { code: "bad_request", message } });
    }
    logFault({ err: error }, "a request failed");
    response.status(500).json({ error: { code: "internal", message: "the server failed" } });
  };
  app.use(onError);
  return app;
}
