#!/usr/bin/env node
/** The command `roomrelay`: starts the server or one of its tools. */

import { readFileSync } from "node:fs";

const USAGE = `roomrelay            starts the server
  --phone[=PORT]     also by HTTPS, for a phone in the same Wi-Fi; port 3443 by default, 0 is any free one
roomrelay token      creates an access token; see --help
roomrelay ice-check  checks the configured STUN and TURN servers
roomrelay --help, --version

Options are environment variables, or lines of a file .env in the current folder.`;

const [command, ...args] = process.argv.slice(2);
if (command === "token") {
  // The tool parses the other arguments.
  process.argv.splice(2, 1);
  await import("./token.ts");
} else if (command?.startsWith("--phone")) {
  // The server parses all of them.
  await start(undefined);
} else if (args.length === 0) {
  await start(command);
} else if (args.every(isHelp)) {
  console.log(USAGE);
} else {
  refuse(`${command} takes no arguments`);
}

async function start(command: string | undefined): Promise<void> {
  if (command === undefined) await import("../main.ts");
  else if (command === "ice-check") await import("./check-ice.ts");
  else if (isHelp(command)) console.log(USAGE);
  else if (command === "--version") console.log(version());
  else refuse(`there is no command ${command}`);
}

function isHelp(argument: string): boolean {
  return argument === "--help" || argument === "-h";
}

function refuse(reason: string): never {
  console.error(`${reason}\n\n${USAGE}`);
  process.exit(1);
}

/** The version in package.json, which is beside both `src/` and `dist/`. */
function version(): string {
  const manifest = new URL("../../package.json", import.meta.url);
  return JSON.parse(readFileSync(manifest, "utf8")).version;
}
