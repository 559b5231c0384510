/** A server that is ended and started again on its port. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const ENV = {
  HOST: "127.0.0.1",
  RESUME_SECRET: "a secret for restarts, of 32 bytes or more",
  // All peers of this run come from one address.
  MAX_CONNECTIONS_PER_ADDRESS: "0",
  LOG_LEVEL: "info",
};

export class RestartedServer {
  url = "";
  /** What was logged as an error, and whatever isn't JSON. */
  readonly errors: string[] = [];
  private child: ChildProcess | undefined;
  private port = "0";

  /** Starts a process; resolves when it listens. */
  async start(): Promise<void> {
    const { PATH = "", HOME = "" } = process.env;
    const child = spawn(process.execPath, ["dist/main.js"], {
      env: { PATH, HOME, ...ENV, PORT: this.port },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child = child;
    const ended = once(child, "exit").then(([code]) =>
      Promise.reject(new Error(`the server ended with ${code}: ${this.errors.join("\n")}`)),
    );
    ended.catch(() => {});
    const listening = new Promise<void>((resolve) => {
      createInterface(child.stdout).on("line", (line) => {
        const { url } = this.read(line);
        if (url === undefined) return;
        this.url = url;
        this.port = new URL(url).port;
        resolve();
      });
    });
    createInterface(child.stderr).on("line", (line) => this.errors.push(line));
    await Promise.race([listening, ended]);
  }

  /** Ends the process; resolves when it has ended. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  private read(line: string): { url?: string } {
    const entry: { level?: string; url?: string } = JSON.parse(line);
    if (entry.level === "error" || entry.level === "fatal") this.errors.push(line);
    return entry;
  }
}
