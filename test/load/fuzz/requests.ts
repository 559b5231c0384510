/** Hostile HTTP requests, over bare TCP. */

import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import type { Random } from "../../support/random.ts";

/** A request by hand, wrong in some way; gives how many packets that were. */
export async function overTcp(random: Random, url: string): Promise<number> {
  const socket = connectTcp({ port: Number(new URL(url).port), host: "127.0.0.1" });
  socket.on("error", () => {});
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  await Promise.race([once(socket, "connect").catch(() => {}), closed]);
  const path = random.pick([
    "/",
    "/health",
    "/socket.io/",
    "/socket.io/socket.io.js",
    "/%",
    "*",
    "//",
  ]);
  const query = random.pick([
    "",
    "?EIO=4",
    "?EIO=3&transport=polling",
    "?EIO=4&transport=__proto__",
  ]);
  const headers = random.pick([
    "",
    "Upgrade: websocket\r\nConnection: Upgrade\r\n",
    "Origin: null\r\n",
    "Content-Length: -1\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    `X: ${"x".repeat(random.upTo(20_000))}\r\n`,
    "X-Forwarded-For: ,,,[::1]:80\r\n",
    "Expect: 100-continue\r\n",
    "\0: \r\n",
  ]);
  const method = random.pick(["GET", "POST", "CONNECT", "PRI", "HEAD", "OPTIONS", "\x16\x03"]);
  socket.write(`${method} ${path}${query} HTTP/1.${random.upTo(2)}\r\nHost: x\r\n${headers}\r\n`);
  socket.resume();
  setTimeout(() => socket.destroy(), 20);
  await closed;
  return 1;
}
