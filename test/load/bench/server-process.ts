/** One server in a process of its own, on a core of its own where that can be had. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { SERVER_CORE, taskset } from "./cores.ts";
import type { Question, Usage } from "./probe.ts";

const START_LIMIT_MS = 20_000;
const PROBE = fileURLToPath(new URL("./probe.js", import.meta.url));

export class ServerProcess {
  readonly url: string;
  private readonly child: ChildProcess;

  /** Starts a script of JavaScript; resolves when it says where it listens. */
  static async start(script: string, env: Record<string, string> = {}): Promise<ServerProcess> {
    const { PATH = "", HOME = "" } = process.env;
    const flags = ["--expose-gc", "--import", PROBE];
    const [command, ...args] = [...taskset(SERVER_CORE), process.execPath, ...flags, script];
    const child = spawn(command, args, {
      env: { PATH, HOME, ...env },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    return new ServerProcess(child, await untilListening(child, script));
  }

  private constructor(child: ChildProcess, url: string) {
    this.child = child;
    this.url = url;
  }

  /** What its process has used; `collect` takes the garbage out first. */
  async usage(question: Question = { collect: false }): Promise<Usage> {
    this.child.send(question);
    const [usage] = await once(this.child, "message", { signal: AbortSignal.timeout(30_000) });
    return usage;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill("SIGKILL");
    await once(this.child, "exit");
  }
}

/** Reads all that the server prints, so that it never waits for a reader. */
function untilListening(child: ChildProcess, script: string): Promise<string> {
  let output = "";
  return new Promise((resolve, reject) => {
    const fail = (what: string) => {
      child.kill("SIGKILL");
      reject(new Error(`${script} ${what}\n${output}`));
    };
    const timer = setTimeout(() => fail("doesn't listen"), START_LIMIT_MS);
    child.once("exit", (code, signal) => fail(`ended (${code ?? signal})`));
    child.once("error", reject);
    const read = (chunk: Buffer) => {
      if (output.length < 10_000) output += chunk;
      const [url] = output.match(/http:\/\/[\w.]+:\d+(?=\D)/) ?? [];
      if (!url) return;
      clearTimeout(timer);
      resolve(url.replace("localhost", "127.0.0.1"));
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
  });
}
