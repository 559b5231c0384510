#!/usr/bin/env node
/** Starts the server: arguments, environment, configuration, listen, and close on a signal. */

import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { config as loadDotenv } from "dotenv";
import { parseArguments } from "./config/arguments.ts";
import { ConfigError } from "./config/check.ts";
import { parseConfig } from "./config/config.ts";
import { findNearMisses } from "./config/near-misses.ts";
import { variables } from "./config/options.ts";
import { warnOfIceFaults } from "./ice/probe/probe.ts";
import { createLogger } from "./log/logger.ts";
import { AdminListenError } from "./server/admin.ts";
import { terminalCode } from "./server/phone/code.ts";
import { type PhoneAccess, PhoneError, serveToPhones } from "./server/phone/phone.ts";
import { buildServer } from "./server/standalone.ts";
import { urlOf } from "./server/url.ts";

// Errors of the log's output, such as EPIPE or a full disk, must not end the server.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

let close: (signal: NodeJS.Signals) => unknown = () => process.exit(0);
// Before it listens: as process 1 of a container, a signal that nobody listens for is ignored.
for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, (signal) => close(signal));

try {
  const { phonePort } = parseArguments(process.argv.slice(2));
  loadDotenv({ quiet: true });
  const config = parseConfig(process.env);
  const log = createLogger({ level: config.logLevel, pretty: process.stdout.isTTY });
  for (const { variable, meant } of findNearMisses(process.env, variables)) {
    log.warn({ variable }, `there is no option ${variable}; did you mean ${meant}?`);
  }
  let phone: PhoneAccess | undefined;
  const server = buildServer(config, { log, phone: () => phone });
  const port = await server.listen();

  let closing = false;
  close = async (signal) => {
    if (closing) process.exit(1);
    closing = true;
    log.info({ signal }, "closing");
    // Ctrl+C ends at once; whoever restarts a service sends SIGTERM.
    if (signal === "SIGTERM") await server.drain();
    await server.close();
    await phone?.close();
    log.flush(() => process.exit(0));
  };

  const url = urlOf(config.host, port);
  log.info({ url }, `listening: open ${url}`);
  if (server.admin) log.info({ url: server.admin.url }, `admin listener: ${server.admin.url}`);
  if (phonePort !== undefined) {
    const options = { port: phonePort, folder: settingsFolder(), limits: config, log };
    phone = await serveToPhones(server.httpServer, options);
    log.info({ url: phone.url }, `for a phone in the same Wi-Fi: open ${phone.url}`);
    if (process.stdout.isTTY && process.stdout.hasColors()) console.log(terminalCode(phone.url));
  }
  void warnOfIceFaults(config, Date.now(), log);
} catch (error) {
  console.error(explain(error));
  process.exit(1);
}

/** The program's own folder for what it keeps (XDG Base Directory Specification: a relative path is ignored). */
function settingsFolder(): string {
  const { XDG_CONFIG_HOME = "" } = process.env;
  const parent = isAbsolute(XDG_CONFIG_HOME) ? XDG_CONFIG_HOME : join(homedir(), ".config");
  return join(parent, "roomrelay");
}

/** The message for an error; for one that the user can fix, it says how. */
function explain(error: unknown): unknown {
  if (error instanceof ConfigError || error instanceof PhoneError) return error.message;
  const { PORT = "3000", HOST = "", ADMIN_PORT = "", ADMIN_HOST = "127.0.0.1" } = process.env;
  if (error instanceof AdminListenError) {
    const names = { port: "ADMIN_PORT", host: "ADMIN_HOST", empty: "for 127.0.0.1" };
    return explainListening(error.cause, ADMIN_PORT, ADMIN_HOST, names) ?? error;
  }
  const names = { port: "PORT", host: "HOST", empty: "to listen on all" };
  return explainListening(error, PORT, HOST, names) ?? error;
}

function explainListening(
  error: unknown,
  port: string,
  host: string,
  names: { port: string; host: string; empty: string },
): string | undefined {
  switch (error instanceof Error && "code" in error ? error.code : undefined) {
    case "EADDRINUSE":
      return `Port ${port} is in use. Stop what listens there, or set ${names.port} to another one.`;
    case "EACCES":
      return `No permission to listen on port ${port}. Set ${names.port} to one above 1023.`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${names.host} "${host}" is not an address of this machine. Leave it empty ${names.empty}.`;
    default:
      return undefined;
  }
}
