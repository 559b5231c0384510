/** A redis-server of one's own, which keeps nothing. Works outside of vitest as well. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Redis } from "ioredis";
import { findProgram, lacksPrograms, randomPort } from "./programs.ts";

const PROGRAM = "redis-server";
const START_TRIES = 20;
const COMMAND_TIMEOUT_MS = 2_000;

/** Registers what ends a server: `onTestFinished`, or something of a tool's. */
export type AtEnd = (end: () => Promise<void>) => void;

/** Whether to skip a test for want of Redis; says what to install. Under CI there has to be one. */
export function lacksRedis(): boolean {
  return lacksPrograms(
    [PROGRAM],
    "no redis-server here: install the package redis-server, 6.2 or later",
  );
}

export class RedisServer {
  private readonly folder = mkdtempSync(join(tmpdir(), "redis-"));
  private readonly more: readonly string[];
  private port = 0;
  private child: ChildProcess | undefined;
  private password: string | undefined;
  private readonly killAtExit = () => void this.child?.kill("SIGKILL");

  /** Starts one on a free port of the loopback address; `more` are further options of its command line. */
  static async start(atEnd?: AtEnd, more: readonly string[] = []): Promise<RedisServer> {
    const redis = new RedisServer(more);
    process.once("exit", redis.killAtExit);
    atEnd?.(() => redis.end());
    for (let tries = 1; ; tries++) {
      redis.port = randomPort();
      try {
        await redis.start();
        return redis;
      } catch (error) {
        if (tries < START_TRIES && String(error).includes("in use")) continue;
        await redis.end();
        throw error;
      }
    }
  }

  private constructor(more: readonly string[]) {
    this.more = more;
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it again, empty, on the same port; resolves when it takes commands. */
  async start(): Promise<void> {
    const options = { bind: "127.0.0.1", port: this.port, dir: this.folder, save: "" };
    const args = Object.entries({ ...options, appendonly: "no" }).flatMap(([name, value]) => [
      `--${name}`,
      String(value),
    ]);
    const child = spawn(findProgram(PROGRAM) ?? PROGRAM, [...args, ...this.more], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child = child;
    let output = "";
    const ready = new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", () => reject(new Error(`redis-server ended:\n${output}`)));
      for (const stream of [child.stdout, child.stderr]) {
        createInterface(stream).on("line", (line) => {
          output += `${line}\n`;
          if (/ready to accept/i.test(line)) resolve();
        });
      }
    });
    await ready;
  }

  /** SIGKILL; resolves when it has ended. What it held is lost. */
  async kill(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  /** From now on it does nothing, and its connections stay open. */
  stop(): void {
    this.child?.kill("SIGSTOP");
  }

  /** Goes on after `stop`. */
  cont(): void {
    this.child?.kill("SIGCONT");
  }

  /** Ends one connection of a client, the one that has been open longest. */
  async cutOldest(): Promise<void> {
    await this.ask(async (client) => {
      const [oldest] = await clientsOf(client);
      if (oldest !== undefined) await client.client("KILL", "ID", oldest);
    });
  }

  /** Ends the connections of all clients, one by one. */
  async cutConnections(): Promise<void> {
    await this.ask(async (client) => {
      for (const id of await clientsOf(client)) await client.client("KILL", "ID", id);
    });
  }

  keys(): Promise<string[]> {
    return this.ask((client) => client.keys("*"));
  }

  /** Sets a directive of its configuration. */
  async configure(name: string, value: string): Promise<void> {
    await this.ask((client) => client.config("SET", name, value));
  }

  /** From now on it wants a password. */
  async require(password: string): Promise<void> {
    await this.configure("requirepass", password);
    this.password = password;
  }

  /** The name of its process. */
  runId(): Promise<string> {
    return this.ask(async (client) => {
      const [, id = ""] = /run_id:(\w+)/.exec(await client.info("server")) ?? [];
      return id;
    });
  }

  /** The number of entries of a stream. */
  length(key: string): Promise<number> {
    return this.ask((client) => client.xlen(key));
  }

  /** Keeps only the last entries of a stream. */
  async shorten(key: string, count: number): Promise<void> {
    await this.ask((client) => client.xtrim(key, "MAXLEN", count));
  }

  /** The keys that never expire. */
  immortalKeys(): Promise<string[]> {
    return this.ask(async (client) => {
      const keys = await client.keys("*");
      const ttls = await Promise.all(keys.map((key) => client.pttl(key)));
      return keys.filter((_, index) => ttls[index] === -1);
    });
  }

  /** What it holds, streams excepted: every key, and its members, fields and values. */
  contents(): Promise<Map<string, string[]>> {
    return this.ask(async (client) => {
      const contents = new Map<string, string[]>();
      for (const key of await client.keys("*")) contents.set(key, await textsOf(client, key));
      return contents;
    });
  }

  /** Ends it for good. */
  async end(): Promise<void> {
    process.off("exit", this.killAtExit);
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async ask<T>(question: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(this.url, {
      ...(this.password !== undefined && { password: this.password }),
      retryStrategy: () => null,
      commandTimeout: COMMAND_TIMEOUT_MS,
    });
    // The command says it as well.
    client.on("error", () => {});
    try {
      return await question(client);
    } finally {
      client.disconnect();
    }
  }
}

/** The ids of all connections but this one, the oldest first. */
async function clientsOf(client: Redis): Promise<string[]> {
  const own = await client.client("ID");
  const list = String(await client.call("CLIENT", "LIST", "TYPE", "normal"));
  const ids = [...list.matchAll(/^id=(\d+)/gm)].map(([, id = ""]) => Number(id));
  return ids
    .filter((id) => id !== own)
    .sort((a, b) => a - b)
    .map(String);
}

/** What a key holds, as far as it isn't a stream. */
async function textsOf(client: Redis, key: string): Promise<string[]> {
  switch (await client.type(key)) {
    case "string":
      return [(await client.get(key)) ?? ""];
    case "hash":
      return Object.entries(await client.hgetall(key)).flat();
    case "set":
      return client.smembers(key);
    case "zset":
      return client.zrange(key, "0", "-1");
    case "list":
      return client.lrange(key, 0, -1);
    default:
      return [];
  }
}
