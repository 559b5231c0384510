/** A Prometheus that scrapes one server. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "./files.ts";
import { findProgram, lacksPrograms, randomPort } from "./programs.ts";

const PROGRAM = "prometheus";
const START_TRIES = 20;

/** Whether to skip a test for want of Prometheus; says what to install. Under CI it has to be there. */
export function lacksPrometheus(): boolean {
  return lacksPrograms([PROGRAM, "promtool"], "no Prometheus here: install the package prometheus");
}

/** Starts one that scrapes `adminUrl` five times a second; ends with the test. */
export async function startPrometheus(adminUrl: string, token: string) {
  const folder = temporaryFolder();
  const config = join(folder, "prometheus.yml");
  writeFileSync(
    config,
    `scrape_configs:
  - job_name: roomrelay
    scrape_interval: 200ms
    scrape_timeout: 200ms
    authorization: { credentials: ${token} }
    static_configs: [{ targets: ["${new URL(adminUrl).host}"] }]
`,
  );
  for (let tries = 1; ; tries++) {
    const port = randomPort();
    const args = { "config.file": config, "storage.tsdb.path": join(folder, "data") };
    const listen = { "web.listen-address": `127.0.0.1:${port}` };
    const child = spawn(
      findProgram(PROGRAM) ?? PROGRAM,
      Object.entries({ ...args, ...listen }).map(([name, value]) => `--${name}=${value}`),
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    onTestFinished(() => stop(child));
    if (await isReady(child)) return { query: (expr: string) => query(port, expr) };
    if (tries === START_TRIES) throw new Error("prometheus doesn't start");
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** False if it has ended, as for a port that is taken. */
function isReady(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => resolve(false));
    if (!child.stderr) throw new Error("stderr isn't piped");
    createInterface(child.stderr).on("line", (line) => {
      if (line.includes("Server is ready")) resolve(true);
    });
  });
}

/** The values of an instant query, by what `by` names; the only one has the key "". */
async function query(port: number, expr: string): Promise<Record<string, number>> {
  const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expr)}`;
  const { data } = (await (await fetch(url)).json()) as {
    data: { result: { metric: Record<string, string>; value: [number, string] }[] };
  };
  return Object.fromEntries(
    data.result.map(({ metric, value }) => [Object.values(metric).join(" "), Number(value[1])]),
  );
}
