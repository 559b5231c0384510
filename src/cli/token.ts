#!/usr/bin/env node
/** `roomrelay token`, `npm run token --`: creates an access token, to try the server out. */

import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { SignJWT } from "jose";
import { readConfig } from "./environment.ts";

const USAGE = `roomrelay token --room demo [--room "team-*"] [--name Ada] [--sub ada] [--ttl 1h]

  --room  a room that the token covers; a trailing * makes it a prefix; may be repeated
  --name  the bearer's name in these rooms
  --sub   the bearer's id in your application; random by default
  --ttl   how long the token is valid: 30s, 15m, 1h (the default), 7d`;

try {
  const { room: rooms = [], name, sub, ttl } = readArguments();
  const { tokenKey, tokenAudience } = readConfig();
  if (tokenKey?.algorithm !== "HS256")
    throw new Error("Set AUTH_SECRET: tokens are signed with it.");
  const token = new SignJWT({ room: rooms.length === 1 ? rooms[0] : rooms, ...(name && { name }) })
    .setProtectedHeader({ alg: tokenKey.algorithm })
    .setSubject(sub)
    .setExpirationTime(ttl);
  if (tokenAudience) token.setAudience(tokenAudience);
  console.log(await token.sign(tokenKey.key));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        room: { type: "string", multiple: true },
        name: { type: "string" },
        sub: { type: "string", default: randomUUID() },
        ttl: { type: "string", default: "1h" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit();
    }
    if (!values.room) throw new Error("--room is missing");
    if (!/^\d+[smhd]$/.test(values.ttl))
      throw new Error(`--ttl ${values.ttl} is not a duration like 1h`);
    return values;
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  }
}
