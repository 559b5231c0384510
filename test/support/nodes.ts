/** Servers that are one by a Redis of their own, each a process. Works outside of vitest as well. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type AtEnd, RedisServer } from "./redis.ts";

type Env = Readonly<Record<string, string>>;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ENV = {
  HOST: "127.0.0.1",
  REDIS_PREFIX: "test:",
  RESUME_SECRET: "a secret of all nodes, of 32 bytes or more",
  NODE_LEASE_MS: "10000",
  // All peers come from one address.
  MAX_CONNECTIONS_PER_ADDRESS: "0",
  EVENTS_PER_SECOND: "0",
  LOG_LEVEL: "info",
};
const STORE_TIMEOUT_MS = 10_000;

export interface ClusterOptions {
  /** 3 if left out. */
  nodes?: number;
  /** Variables of every node. */
  env?: Env;
  /** Registers what ends it all; a tool calls `end` itself. */
  atEnd?: AtEnd;
}

/** A server's process, which can be ended and started again. */
export class ClusterNode {
  url = "";
  /** What was logged as an error or worse, and whatever isn't JSON. */
  readonly errors: string[] = [];
  /** How often it ended without being asked to. */
  crashes = 0;
  private readonly env: Env;
  private readonly keepsPort: boolean;
  private child: ChildProcess | undefined;
  private isWanted = false;
  private readonly killAtExit = () => void this.child?.kill("SIGKILL");

  /** @param keepsPort whether it is started again on its port, and not on one of its own each time */
  constructor(env: Env, keepsPort = false) {
    this.env = env;
    this.keepsPort = keepsPort;
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  get isUp(): boolean {
    const { child } = this;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Starts a process; resolves when it listens. */
  async listen(): Promise<void> {
    const { PATH = "", HOME = "" } = process.env;
    const PORT = this.keepsPort && this.url ? new URL(this.url).port : "0";
    const child = spawn(process.execPath, ["dist/main.js"], {
      cwd: ROOT,
      env: { PATH, HOME, ...ENV, PORT, ...this.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child = child;
    this.isWanted = true;
    process.once("exit", this.killAtExit);
    const ended = once(child, "exit").then(([code]) => {
      process.off("exit", this.killAtExit);
      if (this.isWanted) this.crashes++;
      throw new Error(`a node ended with ${code}: ${this.errors.join("\n")}`);
    });
    ended.catch(() => {});
    const listening = new Promise<void>((resolve) => {
      createInterface(child.stdout).on("line", (line) => {
        const url = this.read(line);
        if (url === undefined) return;
        this.url = url;
        resolve();
      });
    });
    createInterface(child.stderr).on("line", (line) => this.errors.push(line));
    await Promise.race([listening, ended]);
  }

  /** Starts a process; resolves when it listens and has reached Redis. */
  async start(): Promise<void> {
    await this.listen();
    const end = performance.now() + STORE_TIMEOUT_MS;
    while (!(await fetch(`${this.url}/ready`)).ok) {
      if (performance.now() > end) throw new Error(`a node isn't ready: ${this.errors.join("\n")}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Ends the process; resolves when it has ended. */
  async end(signal: NodeJS.Signals): Promise<void> {
    this.isWanted = false;
    if (!this.child || !this.isUp) return;
    const ended = once(this.child, "exit");
    this.child.kill(signal);
    await ended;
  }

  /** From now on it does nothing, and its connections stay open. */
  pause(): void {
    this.child?.kill("SIGSTOP");
  }

  /** Goes on after `pause`. */
  wake(): void {
    this.child?.kill("SIGCONT");
  }

  /** The numbers of `GET /health`. */
  async count(): Promise<{ peers: number; rooms: number }> {
    const { peers, rooms } = await (await fetch(`${this.url}/health`)).json();
    return { peers, rooms };
  }

  /** Gives the URL if the line has one. */
  private read(line: string): string | undefined {
    try {
      const entry: { level?: string; url?: string } = JSON.parse(line);
      if (entry.level === "error" || entry.level === "fatal") this.errors.push(line);
      return entry.url;
    } catch {
      this.errors.push(line);
      return undefined;
    }
  }
}

export class Cluster {
  readonly redis: RedisServer;
  readonly nodes: readonly ClusterNode[];

  static async start({ nodes = 3, env = {}, atEnd }: ClusterOptions = {}): Promise<Cluster> {
    const redis = await RedisServer.start(atEnd);
    const cluster = new Cluster(
      redis,
      Array.from({ length: nodes }, () => new ClusterNode({ REDIS_URL: redis.url, ...env })),
    );
    atEnd?.(() => cluster.end());
    try {
      await Promise.all(cluster.nodes.map((node) => node.start()));
    } catch (error) {
      await cluster.end();
      throw error;
    }
    return cluster;
  }

  private constructor(redis: RedisServer, nodes: readonly ClusterNode[]) {
    this.redis = redis;
    this.nodes = nodes;
  }

  /** The URL of a node; beyond the last one it begins with the first again. */
  url(n: number): string {
    return this.node(n).url;
  }

  node(n: number): ClusterNode {
    const node = this.nodes[n % this.nodes.length];
    if (!node) throw new Error(`there is no node ${n}`);
    return node;
  }

  get errors(): string[] {
    return this.nodes.flatMap(({ errors }) => errors);
  }

  get crashes(): number {
    return this.nodes.reduce((sum, { crashes }) => sum + crashes, 0);
  }

  /** Ends the nodes, and then Redis. */
  async end(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.end("SIGKILL")));
    await this.redis.end();
  }
}
