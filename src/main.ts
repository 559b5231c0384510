#!/usr/bin/env node
/** Starts the server: environment, configuration, listen, and close on a signal. */

import { config as loadDotenv } from "dotenv";
import { ConfigError } from "./config/check.ts";
import { parseConfig } from "./config/config.ts";
import { findNearMisses } from "./config/near-misses.ts";
import { variables } from "./config/options.ts";
import { warnOfIceFaults } from "./ice/probe/probe.ts";
import { createLogger } from "./log/logger.ts";
import { urlOf } from "./server/listening.ts";
import { buildServer } from "./server/standalone.ts";

// Errors of the log's output, such as EPIPE or a full disk, must not end the server.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

try {
  loadDotenv({ quiet: true });
  const config = parseConfig(process.env);
  const log = createLogger({ level: config.logLevel, pretty: process.stdout.isTTY });
  for (const { variable, meant } of findNearMisses(process.env, variables)) {
    log.warn({ variable }, `there is no option ${variable}; did you mean ${meant}?`);
  }
  const server = buildServer(config, { log });
  const url = urlOf(config.host, await server.listen());
  log.info({ url }, `listening: open ${url}`);
  void warnOfIceFaults(config, Date.now(), log);

  let closing = false;
  const close = async (signal: NodeJS.Signals) => {
    if (closing) process.exit(1);
    closing = true;
    log.info({ signal }, "closing");
    // Ctrl+C ends at once; whoever restarts a service sends SIGTERM.
    if (signal === "SIGTERM") await server.drain();
    await server.close();
    log.flush(() => process.exit(0));
  };
  process.on("SIGTERM", close);
  process.on("SIGINT", close);
} catch (error) {
  console.error(explain(error));
  process.exit(1);
}

/** The message for an error; for one that the user can fix, it says how. */
function explain(error: unknown): unknown {
  if (error instanceof ConfigError) return error.message;
  if (!(error instanceof Error && "code" in error && "syscall" in error)) return error;
  const { PORT = "3000", HOST = "", ADMIN_PORT, ADMIN_HOST = "127.0.0.1" } = process.env;
  const port = "port" in error ? String(error.port) : PORT;
  const isAdmin = port === ADMIN_PORT && port !== PORT;
  const variable = isAdmin ? "ADMIN_PORT" : "PORT";
  switch (error.code) {
    case "EADDRINUSE":
      return `Port ${port} is in use. Stop what listens there, or set ${variable} to another one.`;
    case "EACCES":
      return `No permission to listen on port ${port}. Set ${variable} to one above 1023.`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return isAdmin
        ? `ADMIN_HOST "${ADMIN_HOST}" is not an address of this machine. Leave it empty for 127.0.0.1.`
        : `HOST "${HOST}" is not an address of this machine. Leave it empty to listen on all.`;
    default:
      return error;
  }
}
