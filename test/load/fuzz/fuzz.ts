/** Sends hostile packets at a server of its own process while two bystanders talk. */

import { WebSocket } from "ws";
import { MeasuredServer } from "../../support/measured.ts";
import { startPings } from "../../support/pings.ts";
import { createRandom, type Random } from "../../support/random.ts";
import { hostilePacket, malformedFrames } from "./packets.ts";
import { overTcp } from "./requests.ts";

export interface FuzzOptions {
  seed: number;
  /** How many packets, frames and requests to send. */
  count: number;
  onProgress?: (sent: number) => void;
}

export interface FuzzResult {
  sent: number;
  /** How often the server's process ended. */
  crashes: number;
  pingsSent: number;
  pingsLost: number;
  /** What the server logged at level error. */
  faults: string;
  /** Bytes of heap and resident memory by which the server grew, after a warm-up. */
  heapGrowth: number;
  rssGrowth: number;
  /** What was left at the end; the two bystanders should be. */
  connections: number;
  rooms: number;
}

/** Whether nothing went wrong: no crash, no ping lost, no fault logged, nothing left behind. */
export function isClean(result: FuzzResult): boolean {
  const { crashes, pingsLost, faults, connections, rooms } = result;
  return crashes === 0 && pingsLost === 0 && faults === "" && connections === 2 && rooms === 1;
}

/** Connections at a time. */
const WORKERS = 8;
/** Limits off, so that what is sent gets as deep into the server as it can. */
const ENV = {
  EVENTS_PER_SECOND: "0",
  MAX_CONNECTIONS_PER_ADDRESS: "0",
  // Those that vanish are waited for at the end.
  RESUME_GRACE_MS: "500",
};

/** Runs until `count` were sent. What each worker sends depends on the seed alone. */
export async function fuzz({ seed, count, onProgress }: FuzzOptions): Promise<FuzzResult> {
  const server = await MeasuredServer.start(ENV);
  const pings = await startPings(server.url);
  let sent = 0;
  let until = 0;
  const tell = (packets: number) => {
    sent += packets;
    onProgress?.(sent);
  };
  const workers = Array.from({ length: WORKERS }, (_, n) => createRandom(seed * WORKERS + n));
  const run = async (total: number) => {
    until = total;
    await Promise.all(
      workers.map(async (random) => {
        while (sent < until && !server.hasEnded) tell(await attack(random, server.url, pings.ids));
      }),
    );
  };
  // What a process takes once, compiled code for instance, it takes in here.
  await run(Math.ceil(count / 5));
  const before = server.hasEnded ? undefined : await settled(server);
  await run(count);
  const after = server.hasEnded ? undefined : await settled(server);
  const { sent: pingsSent, lost: pingsLost } = await pings.stop();
  const faults = server.output;
  const crashes = server.hasEnded ? 1 : 0;
  await server.stop();
  return {
    sent,
    crashes,
    pingsSent,
    pingsLost,
    faults,
    heapGrowth: (after?.heapUsed ?? 0) - (before?.heapUsed ?? 0),
    rssGrowth: (after?.rss ?? 0) - (before?.rss ?? 0),
    connections: after?.connections ?? 0,
    rooms: after?.rooms ?? 0,
  };
}

/** Measures once the attackers' connections are gone, and the seats that were kept for them. */
async function settled(server: MeasuredServer) {
  let measured = await server.measure();
  const isSettled = () => measured.connections <= 2 && measured.rooms <= 1;
  for (let tries = 0; tries < 300 && !isSettled(); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    measured = await server.measure();
  }
  return measured;
}

/** One connection's worth; gives how many packets it sent. */
function attack(random: Random, url: string, ids: readonly string[]): Promise<number> {
  const how = random.next();
  if (how < 0.9) return overWebSocket(random, url, ids);
  return how < 0.97 ? overPolling(random, url, ids) : overTcp(random, url);
}

async function overWebSocket(random: Random, url: string, ids: readonly string[]): Promise<number> {
  const ws = new WebSocket(`${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
  ws.on("error", () => {});
  const closed = new Promise<void>((resolve) => ws.once("close", () => resolve()));
  const heard = (sign: string) =>
    new Promise<void>((resolve) => {
      ws.on("message", (data) => String(data).startsWith(sign) && resolve());
    });
  const opened = heard("0");
  await Promise.race([opened, closed]);
  let sent = 1;
  if (random.chance(0.95)) {
    const connected = heard("40");
    ws.send("40");
    await Promise.race([connected, closed]);
    sent++;
  }
  // Most in a room, where what they send reaches others.
  const join = { room: random.pick(["fuzz-1", "fuzz-2"]), resume: random.chance(0.5) };
  const request = { ...join, candidateLists: random.chance(0.5) };
  if (random.chance(0.8)) send(ws, `42${JSON.stringify(["join", request])}`);
  // Each packet with its own acknowledgement ids, this one with none of theirs.
  const answered = heard("439999999");
  const packets = 10 + random.upTo(150);
  for (let n = 0; n < packets; n++) {
    for (const frame of hostilePacket(random, ids)) send(ws, frame);
  }
  send(ws, '429999999["settled?"]');
  await Promise.race([answered, closed]);
  for (const frame of malformedFrames(random, ids)) send(ws, frame);
  sent += packets + 2;
  const goodbye = random.next();
  if (goodbye < 0.5) ws.close();
  else if (goodbye < 0.75) ws.terminate();
  // Some frames are harmless after all.
  else setTimeout(() => ws.close(), 50);
  await closed;
  return sent;
}

function send(ws: WebSocket, frame: string | Uint8Array): void {
  if (ws.readyState === WebSocket.OPEN) ws.send(frame);
}

async function overPolling(random: Random, url: string, ids: readonly string[]): Promise<number> {
  const address = `${url}/socket.io/?EIO=4&transport=polling`;
  const request = (init?: RequestInit, sid = "") =>
    fetch(`${address}${sid && `&sid=${sid}`}`, { signal: AbortSignal.timeout(5_000), ...init })
      .then((response) => response.text())
      .catch(() => "");
  const { sid } = JSON.parse((await request()).slice(1) || '{"sid":""}');
  const packets = Array.from({ length: random.upTo(20) }, () => hostilePacket(random, ids)[0]);
  await request({ method: "POST", body: "40" }, sid);
  await Promise.all([
    request({}, sid),
    request({ method: "POST", body: packets.join(random.chance(0.9) ? "\x1e" : "") }, sid),
  ]);
  const last = malformedFrames(random, ids)[0] ?? "";
  await request({ method: random.pick(["POST", "PUT", "DELETE"]), body: Buffer.from(last) }, sid);
  await request({ method: "POST", body: "1" }, sid);
  return packets.length + 5;
}
