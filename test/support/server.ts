/** Servers for tests: in this process, or as a process of its own. Closed when the test ends. */

import { type ChildProcess, spawn } from "node:child_process";
import { type EventEmitter, once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import type { PhonePage } from "../../src/http/router.ts";
import { createLogger } from "../../src/log/logger.ts";
import type { Peer } from "../../src/protocol/messages.ts";
import { MemoryRoomRegistry } from "../../src/rooms/memory.ts";
import type { Member, RoomRegistry } from "../../src/rooms/registry.ts";
import { buildServer } from "../../src/server/standalone.ts";
import type { ReceivedCallReport } from "../../src/signaling/call-reports.ts";
import type { SignalingIo } from "../../src/signaling/socket.ts";
import { type ConnectOptions, TestClient } from "./client.ts";
import { hasLane } from "./lane.ts";

type Env = Record<string, string>;

const LOOPBACK = { HOST: "127.0.0.1", PORT: "0" };

/** What a test may put in the place of the usual. */
interface Doubles {
  /** Something between the server and its registry. */
  wrapRooms?: (rooms: MemoryRoomRegistry) => RoomRegistry;
  /** The clock, in Unix milliseconds. */
  now?: () => number;
  /** Gets what clients tell of their calls. */
  onReport?: (report: ReceivedCallReport) => void;
  /** How phones reach the page. */
  phone?: () => PhonePage | undefined;
  /** Whether offers, answers and candidates have their lane; so they do unless LANE=off. */
  lane?: boolean;
}
/** For tests that do more than a single client or address may, and are about something else. */
export const UNLIMITED = {
  EVENTS_PER_SECOND: "0",
  MAX_CONNECTIONS: "0",
  MAX_CONNECTIONS_PER_ADDRESS: "0",
  MAX_QUEUED_MESSAGES: "0",
  MAX_QUEUED_BYTES: "0",
};

/** Starts a server in this process; what it logs, at `LOG_LEVEL` (silent), goes to `log`. */
export async function startServer(
  env: Env = {},
  { wrapRooms = (rooms) => rooms, ...overrides }: Doubles = {},
) {
  const config = parseConfig({ ...LOOPBACK, LOG_LEVEL: "silent", ...env });
  const log: string[] = [];
  const rooms = new MemoryRoomRegistry(config, overrides.now ?? Date.now);
  const server = buildServer(config, {
    lane: hasLane(),
    ...overrides,
    rooms: wrapRooms(rooms),
    log: createLogger({
      level: config.logLevel,
      destination: { write: (line) => void log.push(line) },
    }),
  });
  const connections = watchConnections(server.io);
  const url = `http://127.0.0.1:${await server.listen()}`;
  onTestFinished(() => server.close());
  return {
    url,
    /** Of the admin listener; "" without `ADMIN_PORT`. */
    adminUrl: server.admin?.url ?? "",
    log,
    io: server.io,
    httpServer: server.httpServer,
    on: server.on,
    drain: server.drain,
    close: server.close,
    disconnect: server.disconnect,
    closeRoom: server.closeRoom,
    rooms,
    maps: mapsOf(rooms),
    connect: (options?: ConnectOptions) => TestClient.connect(url, options),
    /** Resolves when the peer with this socket has answered its next ping that is still to be sent. */
    nextHeartbeat: async (socketId: string) => {
      const { conn } = server.io.sockets.sockets.get(socketId) ?? {};
      if (!conn) throw new Error("there is no such socket");
      for (let type = ""; type !== "ping"; ) [{ type }] = await once(conn, "packetCreate");
      await once(conn, "heartbeat");
    },
    /** Resolves when no more than `count` connections are left. */
    untilConnections: (count: number) => connections.atMost(count),
  };
}

/** What the registry holds, as it is at the moment: peers by id by room, and room by peer id. */
function mapsOf(registry: MemoryRoomRegistry) {
  return {
    get rooms(): Map<string, Map<string, Peer>> {
      const peersOf = (seats: Map<string, Member>) =>
        new Map([...seats].map(([id, { peer }]) => [id, peer]));
      return new Map([...registry["rooms"]].map(([room, seats]) => [room, peersOf(seats)]));
    },
    socketToRoom: registry["socketToRoom"],
  };
}

function watchConnections(io: SignalingIo) {
  let open = 0;
  const waiting: (() => void)[] = [];
  io.engine.on("connection", (connection: EventEmitter) => {
    open++;
    connection.once("close", () => {
      open--;
      for (const resolve of waiting.splice(0)) resolve();
    });
  });
  return {
    async atMost(count: number): Promise<void> {
      while (open > count) await new Promise<void>((resolve) => waiting.push(resolve));
      // What a disconnect sets off happens in the same turn.
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

export type TestServer = Awaited<ReturnType<typeof startServer>>;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Another program than `node`, or another user than the test's. */
interface RunsAs {
  program?: string;
  uid?: number;
  gid?: number;
}

/** Runs `node` in the project's folder and records what it prints. */
export class TestProcess {
  readonly child: ChildProcess;
  output = "";
  private exitCode: Promise<number | null>;
  private heard: (() => void)[] = [];

  constructor(args: string[], env: Env = {}, cwd = ROOT, { program, ...user }: RunsAs = {}) {
    const { PATH = "", HOME = "" } = process.env;
    this.child = spawn(program ?? process.execPath, args, {
      cwd,
      env: { PATH, HOME, ...env },
      ...user,
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
        for (const resolve of this.heard.splice(0)) resolve();
      });
    }
    this.exitCode = once(this.child, "close").then(([code]) => {
      for (const resolve of this.heard.splice(0)) resolve();
      return code as number | null;
    });
    onTestFinished(async () => {
      this.child.kill("SIGKILL");
      await this.exitCode;
    });
  }

  /** Resolves with the match when the output so far has one; rejects if the process ends first. */
  async printed(pattern: RegExp): Promise<RegExpMatchArray> {
    for (;;) {
      const match = this.output.match(pattern);
      if (match) return match;
      if (this.hasEnded) throw new Error(`ended without ${pattern}:\n${this.output}`);
      await new Promise<void>((resolve) => this.heard.push(resolve));
    }
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** The exit code, once all output is in; null if a signal ended it. */
  ended(): Promise<number | null> {
    return this.exitCode;
  }
}

/** Starts the built server, or another program, as a process of its own. */
export async function spawnServer(env: Env = {}, args = ["dist/main.js"]) {
  const process = new TestProcess(args, { ...LOOPBACK, ...env });
  const [, url = ""] = await process.printed(/open (http:\/\/[^\s"]+)/);
  return { process, url, connect: (options?: ConnectOptions) => TestClient.connect(url, options) };
}
