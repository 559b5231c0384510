/** The parent's side of a server that can be measured. Works outside of vitest as well. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** How a server is doing. */
export interface Measurement {
  /** Bytes. */
  heapUsed: number;
  rss: number;
  /** Processor time since its start. */
  cpuMicros: number;
  rooms: number;
  peers: number;
  seats: number;
  /** Of Engine.IO, and of Socket.IO. */
  connections: number;
  sockets: number;
  /** On the engine, the HTTP server and every socket. */
  listeners: number;
  timers: number;
  /** Open files and connections of the process; 0 where there is no /proc. */
  descriptors: number;
}

const PROGRAM = fileURLToPath(new URL("measured-server.ts", import.meta.url));

export class MeasuredServer {
  readonly url: string;
  readonly child: ChildProcess;
  private readonly readOutput: () => string;

  /** Starts one with these variables on a port of its own, with these modules loaded before it. */
  static async start(
    env: Record<string, string> = {},
    modules: readonly string[] = [],
  ): Promise<MeasuredServer> {
    const imports = [import.meta.resolve("tsx"), ...modules].flatMap((name) => ["--import", name]);
    const args = ["--expose-gc", ...imports, PROGRAM];
    const { PATH = "", HOME = "", LANE = "" } = process.env;
    const child = spawn(process.execPath, args, {
      env: { PATH, HOME, LANE, ...env },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    const early = once(child, "exit").then(() => Promise.reject(new Error(`ended: ${output}`)));
    const [{ url }] = (await Promise.race([once(child, "message"), early])) as [{ url: string }];
    early.catch(() => {});
    return new MeasuredServer(url, child, () => output);
  }

  private constructor(url: string, child: ChildProcess, readOutput: () => string) {
    this.url = url;
    this.child = child;
    this.readOutput = readOutput;
  }

  /** What it has printed: its log from "error" on, if `LOG_LEVEL` says no other. */
  get output(): string {
    return this.readOutput();
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** After its garbage was collected, if not told otherwise: that takes time of its own. */
  async measure(how: "collected" | "as it is" = "collected"): Promise<Measurement> {
    const answer = once(this.child, "message");
    this.child.send(how);
    const [measurement] = await answer;
    return measurement;
  }

  async stop(): Promise<void> {
    if (this.hasEnded) return;
    const ended = once(this.child, "exit");
    this.child.disconnect();
    await ended;
  }
}
