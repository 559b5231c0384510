/** The Express application of a server that stands alone: the routes, and errors as JSON. */

import express, { type ErrorRequestHandler, type Express } from "express";
import { type Middleware, protect } from "./router.ts";

/**
 * Creates the application around the routes. Unknown paths get a 404 in JSON.
 *
 * @param reportError gets the errors that the client didn't cause
 */
export function createHttpApp(router: Middleware, reportError: (error: unknown) => void): Express {
  const app = express();
  app.use(protect);
  app.use(router);

  app.use((request, response) => {
    const message = `there is no ${request.method} ${request.path} here`;
    response.status(404).json({ error: { code: "not_found", message } });
  });

  const onError: ErrorRequestHandler = (error, _request, response, next) => {
    if (response.headersSent) return next(error);
    const { status, message } = error;
    // Errors that the client caused, such as an invalid range, aren't reported.
    if (status >= 400 && status < 500) {
      return response.status(status).json({ error: { code: "bad_request", message } });
    }
    reportError(error);
    response.status(500).json({ error: { code: "internal", message: "the server failed" } });
  };
  app.use(onError);
  return app;
}
