/**
 * `npm run attacks -- --seconds 10 --peers 1000 --only "forged tokens"`: one address does its worst on 100
 * connections, beside 1,000 peers who call each other. Prints, for each attack, what the server's memory and
 * `GET /health` came to and how the peers fared. Linux only: it reads the resident memory from /proc.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { SignJWT } from "jose";
import { Crowd } from "./crowd.ts";
import { ATTACKS } from "./list.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "10" },
    peers: { type: "string", default: "1000" },
    connections: { type: "string", default: "100" },
    only: { type: "string" },
  },
});
const ATTACKER = fileURLToPath(new URL("attacker.ts", import.meta.url));
const SECRET = "a secret for attacks, of 32 bytes or more";
const MIB = 1_048_576;
const PAGE_BYTES = 4_096;
const SAMPLE_EVERY_MS = 50;
/** What the worst attack may come to. */
const GOAL = { memoryMib: 300, healthMs: 250 };
/** Between two attacks, for what a connection leaves behind to go. */
const REST_MS = 5_000;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const residentMib = (pid: number) =>
  (Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * PAGE_BYTES) / MIB;

const token = await new SignJWT({ room: "*" })
  .setProtectedHeader({ alg: "HS256" })
  .setSubject("load")
  .setExpirationTime("2h")
  .sign(Buffer.from(SECRET));
const { PATH = "", HOME = "" } = process.env;
const server = spawn(process.execPath, ["dist/main.js"], {
  env: { PATH, HOME, HOST: "127.0.0.1", PORT: "0", AUTH_SECRET: SECRET },
  stdio: ["ignore", "pipe", "inherit"],
});
process.on("exit", () => server.kill());
const url = await new Promise<string>((resolve) => {
  createInterface(server.stdout).on("line", (line) => {
    const { url } = JSON.parse(line);
    if (url) resolve(url);
  });
});
const pid = server.pid ?? 0;
const crowd = await Crowd.seat(url, Number(values.peers), token);
await sleep(10_000);
const quiet = crowd.take();
const before = residentMib(pid);
console.log(`${values.peers} peers, ${values.connections} hostile connections from one address`);
console.log(`at rest: ${before.toFixed(0)} MiB, ${row(quiet)}`);

let isMet = true;
for (const [index, name] of Object.keys(ATTACKS).entries()) {
  if (values.only !== undefined && name !== values.only) continue;
  crowd.take();
  // Its own, for the places of those before may still be held.
  const address = `127.0.0.${2 + index}`;
  const attack = [url, address, name, values.connections, values.seconds];
  const attacker = spawn(process.execPath, ["--import", "tsx", ATTACKER, ...attack], {
    env: { PATH, HOME, TOKEN: token },
    stdio: ["ignore", "inherit", "inherit"],
  });
  let worst = 0;
  const sampling = setInterval(() => {
    worst = Math.max(worst, residentMib(pid));
  }, SAMPLE_EVERY_MS);
  await once(attacker, "exit");
  const seen = crowd.take();
  clearInterval(sampling);
  console.log(`${name}: +${(worst - before).toFixed(0)} MiB, ${row(seen)}`);
  isMet &&= worst - before < GOAL.memoryMib && seen.worstHealthMs < GOAL.healthMs;
  isMet &&= seen.lost === 0 && seen.gone === 0;
  await sleep(REST_MS);
}
console.log(`afterwards: ${residentMib(pid).toFixed(0)} MiB`);
console.log(isMet ? "within the goal" : "NOT within the goal");
process.exit(isMet ? 0 : 1);

function row(seen: ReturnType<Crowd["take"]>): string {
  const [health, newHealth, p99] = [seen.worstHealthMs, seen.worstNewHealthMs, seen.p99Ms].map(
    (ms) => `${ms.toFixed(0)} ms`,
  );
  const times = `/health at worst ${health} (${newHealth} on new connections), message p99 ${p99}`;
  return `${times}, ${seen.lost} of ${seen.sent} messages lost, ${seen.gone} peers cut off`;
}
