/** The connections to Redis: one for commands, and one that reads this node's inbox. */

import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";
import { type Entry, InboxReader } from "./reader.ts";
import { SCRIPTS, type ScriptName } from "./scripts.ts";
import { readServerInfo } from "./server-info.ts";

/** Where Redis is. */
export interface ConnectionOptions {
  /** `redis:` or `rediss:`; may have credentials. */
  readonly redisUrl: string;
  /** What all keys begin with. */
  readonly redisPrefix: string;
}

/** What a connection reports. */
export interface ConnectionEvents {
  /** Connected. `isNew`: for the first time, or to another Redis process: all keys are gone. */
  opened(isNew: boolean): void;
  /** The connection is lost, or there was none; it is tried again. */
  failed(error: Error): void;
  /** Entries of the inbox, in order; the next ones are read when it resolves. */
  arrived(entries: readonly Entry[]): Promise<void>;
}

/** How long a script may wait before it runs: a caller gives up after that. */
export const SCRIPT_TIMEOUT_MS = 1_500;
/** A connection without any answer for so long is given up. */
const SILENCE_MS = 5_000;
const MAX_RETRY_MS = 500;
/** A Redis that refuses is tried again so much later. */
const REFUSED_RETRY_MS = 2_000;

/** Commands and entries, over connections that come back by themselves. */
export class RedisConnection {
  /** The name of this node, new for each process. */
  readonly node = randomBytes(9).toString("base64url");
  private readonly options: ConnectionOptions;
  private readonly events: ConnectionEvents;
  private readonly commands: Redis;
  private readonly reader: InboxReader;
  private readonly sha = new Map<string, string>();
  /** Names the Redis process. Keys contain it: one that was restarted has none, or old ones. */
  private runId = "";
  /** Milliseconds from performance.now() to the clock of Redis. */
  private clockOffsetMs = 0;
  /** When the Redis process was started, by performance.now(). */
  private redisStartedAtMs = 0;
  private trimmedId = "";
  private isReady = false;
  /** Runs since Redis has refused something on this connection. */
  private retry: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    this.options = options;
    this.events = events;
    this.commands = this.connect();
    this.reader = new InboxReader(this.connect(), events);
    this.commands.on("ready", () => this.open().catch((error) => this.refuse(error)));
    this.commands.on("close", () => {
      this.isReady = false;
      this.accept();
    });
  }

  /** Whether there is a connection, as far as is known. */
  get isOpen(): boolean {
    return this.isReady;
  }

  /** Whether Redis does what it is asked, and the inbox is read. */
  get isUsable(): boolean {
    return this.isReady && !this.retry && this.reader.isAlive;
  }

  /** For how long the Redis process has been running. */
  get redisUptimeMs(): number {
    return performance.now() - this.redisStartedAtMs;
  }

  /** How old the first of the entries that were read last already was. */
  get inboxLagMs(): number {
    const { lastRead } = this.reader;
    if (!lastRead) return 0;
    return Math.max(0, lastRead.atMs + this.clockOffsetMs - lastRead.writtenAtMs);
  }

  /** The key of this name. */
  key(name: string): string {
    return `${this.options.redisPrefix}${this.runId}:${name}`;
  }

  /** Runs a script; rejects when the connection is lost meanwhile: then it has run, or hasn't. */
  async run(name: ScriptName, ...args: (string | number)[]): Promise<unknown> {
    const deadline = Math.floor(performance.now() + this.clockOffsetMs + SCRIPT_TIMEOUT_MS);
    const sha = this.sha.get(name) ?? "";
    try {
      return await this.commands.evalsha(sha, 0, this.key(""), deadline, this.node, ...args);
    } catch (error) {
      // Somebody has emptied the script cache. They are loaded with the next connection.
      if (String(error).includes("NOSCRIPT")) {
        this.isReady = false;
        this.commands.disconnect(true);
      }
      throw error;
    }
  }

  /** Takes the clock of Redis from an answer. */
  setClock(redisMs: number): void {
    this.clockOffsetMs = redisMs - performance.now();
  }

  /** For several commands in one write. */
  pipeline() {
    return this.commands.pipeline();
  }

  /** Drops the entries of the inbox that were read. */
  trim(): void {
    const { key, lastId } = this.reader;
    if (this.trimmedId === lastId) return;
    this.trimmedId = lastId;
    this.commands.xtrim(key, "MINID", "~", lastId).catch(() => {});
  }

  /** Closes a room for newcomers. */
  async closeRoom(room: string, ms: number): Promise<void> {
    const key = this.key(`closed:${room}`);
    if (ms > 0) await this.commands.set(key, "1", "PX", ms);
    else await this.commands.del(key);
  }

  /** The members of a room, as in Redis: ids and seats, in turn. */
  async seatsOf(room: string): Promise<string[]> {
    return Object.entries(await this.commands.hgetall(this.key(`room:${room}`))).flat();
  }

  /** Redis answers, but not as it should: some time later, another connection tries. It may be another Redis then. */
  refuse(error: unknown): void {
    this.retry ??= setTimeout(() => this.commands.disconnect(true), REFUSED_RETRY_MS).unref();
    this.events.failed(error instanceof Error ? error : new Error(String(error)));
  }

  /** Redis does what it should. */
  accept(): void {
    clearTimeout(this.retry);
    this.retry = undefined;
  }

  /** Ends both connections for good. What was sent before is still sent. */
  async close(): Promise<void> {
    this.isReady = false;
    this.reader.close();
    await this.commands.quit().catch(() => {});
  }

  /** Ends what `close` couldn't end. */
  cut(): void {
    this.reader.close();
    this.commands.disconnect();
  }

  private connect(): Redis {
    const connection = new Redis(this.options.redisUrl, {
      connectTimeout: SILENCE_MS,
      socketTimeout: SILENCE_MS,
      disableClientInfo: true,
      // We ask ourselves.
      enableReadyCheck: false,
      // What is under way when a connection is lost fails at once: the callers know what to repeat.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (times) => Math.min(times * 50, MAX_RETRY_MS),
    });
    return connection.on("error", (error) => this.events.failed(error));
  }

  /** Learns which Redis this is and what time it has, and loads the scripts. */
  private async open(): Promise<void> {
    const [info, [seconds = 0, micros = 0]] = await Promise.all([
      this.commands.info("server"),
      this.commands.time(),
      ...SCRIPTS.map(async ([name, text]) => {
        this.sha.set(name, String(await this.commands.script("LOAD", text)));
      }),
    ]);
    this.setClock(Number(seconds) * 1_000 + Number(micros) / 1_000);
    const { runId, uptimeMs } = readServerInfo(info);
    this.redisStartedAtMs = performance.now() - uptimeMs;
    const isNew = runId !== this.runId;
    this.runId = runId;
    this.isReady = true;
    if (isNew) this.reader.begin(this.key(`inbox:${this.node}`));
    this.events.opened(isNew);
  }
}
