#!/usr/bin/env node
/** The command `roomrelay`: the server, and the tools that go with it. */

import { readFileSync } from "node:fs";

const USAGE = `roomrelay            starts the server
roomrelay token      mints an access token; --help tells how
roomrelay ice-check  checks the configured STUN and TURN servers
roomrelay --help, --version

The options are variables of the environment or of a file .env in this folder.`;

const [command, ...args] = process.argv.slice(2);
if (command === "token") {
  // The rest is for the tool itself.
  process.argv.splice(2, 1);
  await import("./token.ts");
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

/** The version in package.json, which lies beside `src/` as well as beside `dist/`. */
function version(): string {
  const manifest = new URL("../../package.json", import.meta.url);
  return JSON.parse(readFileSync(manifest, "utf8")).version;
}
