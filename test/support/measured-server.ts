/** A server as a process of its own that tells its parent how it is doing. Needs --expose-gc. */

import type { EventEmitter } from "node:events";
import { readdirSync } from "node:fs";
import { parseConfig } from "../../src/config/config.ts";
import { MemoryRoomRegistry } from "../../src/rooms/memory.ts";
import { buildServer } from "../../src/server/standalone.ts";
import { hasLane } from "./lane.ts";
import type { Measurement } from "./measured.ts";

const config = parseConfig({ HOST: "127.0.0.1", PORT: "0", LOG_LEVEL: "error", ...process.env });
const rooms = new MemoryRoomRegistry(config, Date.now);
const server = buildServer(config, { rooms, lane: hasLane() });

async function measure(collectsGarbage: boolean): Promise<Measurement> {
  for (let round = 0; collectsGarbage && round < 3; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const sockets = [...server.io.sockets.sockets.values()];
  // Socket.IO types its listeners by event, which no list of emitters can be.
  const perSocket = sockets.flatMap((socket) => [socket, socket.conn]) as EventEmitter[];
  const emitters: EventEmitter[] = [server.io.engine, server.httpServer, ...perSocket];
  return {
    heapUsed,
    rss,
    cpuMicros: user + system,
    ...(await rooms.count()),
    seats: rooms["socketToRoom"].size,
    connections: server.io.engine.clientsCount,
    sockets: sockets.length,
    listeners:
      emitters.flatMap((e) => e.eventNames().flatMap((name) => e.listeners(name))).length +
      sockets.flatMap((socket) => socket.listenersAny()).length,
    timers: process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length,
    descriptors: process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0,
  };
}

process.on("message", async (how) => process.send?.(await measure(how === "collected")));
process.on("disconnect", () => process.exit());
process.send?.({ url: `http://127.0.0.1:${await server.listen()}` });
