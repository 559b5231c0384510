/** All clients come back at once: their server is killed and started again. */

import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Late } from "./connection.ts";
import type { Contestant } from "./contestants.ts";
import { Crowd, joinBy } from "./crowd.ts";
import type { Peer, Return } from "./dialects/dialect.ts";
import type { Figures } from "./figures.ts";
import type { Retries } from "./retries.ts";
import { ServerProcess } from "./server-process.ts";

const LIMIT_MS = 60_000;
/** Systems give clients no such port: one that tries again could connect to itself, and keep the server out. */
const PORTS = { first: 20_000, count: 10_000 };
const S = 1_000;

/** How long it takes from the kill until the last of so many peers, in pairs, is in its room again; or for ever. */
export async function measureRestart(contestant: Contestant, peers: number): Promise<Figures> {
  const { script, env, restart } = contestant;
  if (!restart) return {};
  const port = await freePort();
  const start = () => ServerProcess.start(script, { ...env, PORT: String(port) });
  let server = await start();
  const giveUp = new AbortController();
  try {
    const { url } = server;
    const join = joinBy(restart.join, url, "websocket");
    const crowd = await Crowd.gather(join, { count: peers, roomSize: 2 });
    const all = crowd.rooms.flatMap((room, n) =>
      room.map((peer) =>
        comeBack(peer, {
          again: (back) => restart.join(url, `room-${n}`, "default", back),
          retries: restart.retries,
          signal: giveUp.signal,
        }),
      ),
    );
    const killedAt = performance.now();
    const [back] = await Promise.all([
      within(LIMIT_MS, Promise.all(all)),
      server.stop().then(async () => {
        server = await start();
      }),
    ]);
    if (!back) {
      console.error(`not everyone was back after ${LIMIT_MS / S} s`);
      return { restart: Number.POSITIVE_INFINITY };
    }
    const last = back.reduce((latest, { joinedAt }) => Math.max(latest, joinedAt), killedAt);
    return { restart: (last - killedAt) / S };
  } finally {
    giveUp.abort();
    await server.stop();
  }
}

interface ComeBackOptions {
  again: (back: Return) => Promise<Peer>;
  retries: Retries;
  signal: AbortSignal;
}

/** Waits until the connection is lost, then tries until it is back. */
async function comeBack(peer: Peer, { again, retries, signal }: ComeBackOptions): Promise<Peer> {
  await new Promise<void>((resolve) => {
    peer.onEnd = resolve;
  });
  let timeouts = 0;
  for (let failures = 0; ; failures++) {
    await sleep(retries.delayMs(failures));
    signal.throwIfAborted();
    try {
      return await again({ seat: peer, openLimitMs: retries.openLimitMs(timeouts) });
    } catch (error) {
      // Refused, too slow, or the server isn't there yet.
      if (error instanceof Late) timeouts++;
    }
  }
}

/** The result, or undefined if it takes longer. */
async function within<T>(limitMs: number, work: Promise<T>): Promise<T | undefined> {
  const timer = new AbortController();
  try {
    return await Promise.race([work, sleep(limitMs, undefined, timer)]);
  } finally {
    timer.abort();
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  for (;;) {
    const port = PORTS.first + Math.floor(Math.random() * PORTS.count);
    try {
      probe.listen(port, "127.0.0.1");
      await once(probe, "listening");
      probe.close();
      return port;
    } catch {
      // Somebody has it.
    }
  }
}
