/**
 * `npm run restarts -- --times 10 --peers 1000`: a server is ended by SIGTERM, or with `--kill` by SIGKILL, and
 * started again on its port, under peers in rooms of four. Exits with 1 unless all of them keep their seats.
 */

import { parseArgs } from "node:util";
import { ClusterNode } from "../../support/nodes.ts";
import { lackOfFiles } from "../bench/open-files.ts";
import { Crowd, ROOM_SIZE } from "./crowd.ts";

const { values } = parseArgs({
  options: {
    times: { type: "string", default: "10" },
    peers: { type: "string", default: "1000" },
    kill: { type: "boolean", default: false },
  },
});
/** What the last peer may take from the start of the new process, and how long it is waited for. */
const GOAL_MS = 5_000;
const PATIENCE_MS = 60_000;
const times = Number(values.times);
const peers = Number(values.peers);
const signal = values.kill ? "SIGKILL" : "SIGTERM";

const lack = lackOfFiles(peers);
if (lack || peers % ROOM_SIZE !== 0) {
  console.error(lack ?? `--peers must be a multiple of ${ROOM_SIZE}`);
  process.exit(1);
}
const server = new ClusterNode({ EVENTS_PER_SECOND: "" }, true);
await server.listen();
const crowd = await Crowd.seat(server.url, peers);

console.log(`${peers} peers in rooms of ${ROOM_SIZE}, ${times} times ${signal}; times in ms\n`);
const HEAD = ["", "end took", "start took", "half back", "last back", "user_exit", "joined anew"];
row(...HEAD, "unreached", "astray");
row(...HEAD.map(() => "---"), "---", "---");
let isFine = true;
for (let n = 1; n <= times; n++) {
  const endAt = performance.now();
  await server.end(signal);
  // By now some may be at it again; none can be back.
  const startAt = performance.now();
  await server.listen();
  const listeningAt = performance.now();
  const areBack = await crowd.back(PATIENCE_MS);
  const unreached = await crowd.meet();
  const { backAt, exits, joins, astray } = crowd.take();
  const sorted = backAt.map((at) => at - startAt).sort((a, b) => a - b);
  const last = areBack ? (sorted.at(-1) ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
  const half = sorted[Math.floor(peers / 2)] ?? Number.POSITIVE_INFINITY;
  const shown = [startAt - endAt, listeningAt - startAt, half, last].map((ms) => ms.toFixed(0));
  row(String(n), ...shown, ...[exits, joins, unreached, astray].map(String));
  isFine &&= last <= GOAL_MS && exits + joins + unreached + astray === 0;
}
crowd.close();
await server.end("SIGTERM");
for (const line of server.errors.slice(0, 20)) console.log(line);
isFine &&= server.errors.length === 0;
console.log(isFine ? "\nnobody was missed" : "\nFAILED");
process.exit(isFine ? 0 : 1);

function row(...cells: string[]): void {
  console.log(`| ${cells.join(" | ")} |`);
}
