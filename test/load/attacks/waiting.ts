/**
 * `npm run attacks:waiting -- --seats 20000`: so many peers are away, with as much in their outboxes as the server
 * keeps, when one more goes away. Exits with 1 if the server's memory is over the bound of .github/SECURITY.md. Linux only.
 */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { WebSocket } from "ws";
import { MeasuredServer } from "../../support/measured.ts";
import { heard, open } from "./peer.ts";

const { values } = parseArgs({ options: { seats: { type: "string", default: "20000" } } });
const ROOM_SIZE = 21;
const ROOMS = Math.ceil(Number(values.seats) / (ROOM_SIZE - 1));
const ROOMS_AT_ONCE = 4;
const MIB = 1_048_576;
const PAGE_BYTES = 4_096;
const RESUME_MAX_TOTAL_BYTES = 64 * MIB;
/** Text outside Latin-1 takes twice the bytes of its UTF-8, as this does: ASCII but for one character. */
const SDP = `€${"x".repeat(6_000)}`;
const BOUND = {
  /** For each seat, without its outbox. */
  seatBytes: 2 * 1_024,
  /** V8 lets a heap grow to some twice of what is in use before it collects the garbage. */
  residentPerHeld: 2.5,
};

/** Who stays in a room, and those that are away. */
interface Room {
  ws: WebSocket;
  away: string[];
}

const mib = (bytes: number) => `${(bytes / MIB).toFixed(0)} MiB`;
const server = await MeasuredServer.start({
  EVENTS_PER_SECOND: "0",
  MAX_CONNECTIONS: "0",
  MAX_CONNECTIONS_PER_ADDRESS: "0",
  MAX_PEERS_PER_ROOM: String(ROOM_SIZE),
  RESUME_MAX_TOTAL_BYTES: String(RESUME_MAX_TOTAL_BYTES),
  // Nobody's grace ends while this runs.
  RESUME_GRACE_MS: "3600000",
  PING_INTERVAL_MS: "300000",
});
let worst = 0;
const sampling = setInterval(() => {
  worst = Math.max(worst, resident());
}, 50);

// What a process takes once, compiled code for instance, it takes in here.
const warmUp = await fill(0);
const idle = await server.measure();
const rooms: Room[] = [];
for (let room = 1; room <= ROOMS; room += ROOMS_AT_ONCE) {
  const next = Array.from({ length: ROOMS_AT_ONCE }, (_, n) => fill(room + n));
  rooms.push(...(await Promise.all(next)));
}
const away = await server.measure();
tell("with empty outboxes or nearly", away);

worst = 0;
// Nearly twice what is kept, to each its own.
for (let room = 0; room < ROOMS; room += 50) {
  await Promise.all(rooms.slice(room, room + 50).map(write));
}
tell("with full outboxes", await server.measure());
warmUp.ws.terminate();
await once(warmUp.ws, "close");
const last = await server.measure();
clearInterval(sampling);
tell("one more goes away", last);
const held = last.heapUsed - idle.heapUsed;
const maxHeld = 2 * RESUME_MAX_TOTAL_BYTES + last.seats * BOUND.seatBytes;
const grown = worst - idle.rss;
const maxGrown = maxHeld * BOUND.residentPerHeld;
console.log(`held: ${mib(held)}, of ${mib(maxHeld)} at most`);
console.log(`resident at worst: +${mib(grown)}, of ${mib(maxGrown)} at most`);
console.log(`errors logged: ${server.output || "none"}`);
const isFine = held <= maxHeld && grown <= maxGrown && server.output === "";
for (const { ws } of rooms) ws.terminate();
await server.stop();
process.exit(isFine ? 0 : 1);

/** Fills a room with peers, all but one of which go away. */
async function fill(room: number): Promise<Room> {
  const stays = await seat(room);
  const others = await Promise.all(Array.from({ length: ROOM_SIZE - 1 }, () => seat(room)));
  await Promise.all(
    others.map(({ ws }) => {
      const closed = once(ws, "close");
      ws.terminate();
      return closed;
    }),
  );
  return { ws: stays.ws, away: others.map(({ id }) => id) };
}

async function write({ ws, away }: Room): Promise<void> {
  for (const to of away) await ask(ws, "offer", { type: "offer", sdp: SDP }, { to });
}

async function seat(room: number): Promise<{ ws: WebSocket; id: string }> {
  const ws = await open(server.url, "127.0.0.1");
  const connected = heard(ws, "40");
  ws.send("40");
  await connected;
  const answer = await ask(ws, "join", { room: `waiting-${room}`, resume: true });
  const [{ self }] = JSON.parse(answer.slice(3));
  return { ws, id: String(self.id) };
}

/** Bytes; measuring by messages would wait for its turn. */
function resident(): number {
  const [, pages] = readFileSync(`/proc/${server.child.pid}/statm`, "utf8").split(" ");
  return Number(pages) * PAGE_BYTES;
}

/** Resolves with the answer. Each connection asks one thing at a time. */
async function ask(ws: WebSocket, event: string, ...args: object[]): Promise<string> {
  const answered = heard(ws, "430");
  ws.send(`420${JSON.stringify([event, ...args])}`);
  return answered;
}

function tell(when: string, { rss, heapUsed, seats }: typeof idle): void {
  console.log(`${when}: ${seats} seats, +${mib(rss - idle.rss)} resident, heap ${mib(heapUsed)}`);
}
