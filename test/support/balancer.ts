/** The load balancers that .deploy configures, in front of a test's nodes; stopped when the test ends. */

import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { onTestFinished, vi } from "vitest";
import { ownAddress } from "./coturn.ts";
import { temporaryFolder } from "./files.ts";
import { findProgram, lacksPrograms } from "./programs.ts";
import { runProgram } from "./run-program.ts";

const WITH_CADDYFILE = (file: string) => ["--config", file, "--adapter", "caddyfile"];

/**
 * Their configurations, the line that says where one listens, and the arguments that check one or run with it, as its
 * first lines say.
 */
const BALANCERS = {
  haproxy: {
    file: "haproxy.cfg",
    listens: (address: string) => ["*:8080", `${address}:8080`],
    check: (file: string) => ["-c", "-f", file],
    run: (file: string) => ["-f", file],
  },
  nginx: {
    file: "nginx.conf",
    listens: (address: string) => ["*:8080", `${address}:8080`],
    check: (file: string, folder: string) => ["-p", folder, "-e", "stderr", "-c", file, "-t"],
    run: (file: string, folder: string) => {
      return ["-p", folder, "-e", "stderr", "-c", file, "-g", "daemon off;"];
    },
  },
  caddy: {
    file: "Caddyfile",
    listens: (address: string) => [":8080} {", `:8080} {\n\tbind ${address}`],
    check: (file: string) => ["validate", ...WITH_CADDYFILE(file)],
    run: (file: string) => ["run", ...WITH_CADDYFILE(file)],
  },
};

export type BalancerName = keyof typeof BALANCERS;

/** Whether to skip a test for want of a load balancer; says what to install. Under CI there have to be all. */
export function lacksBalancers(): boolean {
  // Elsewhere 127.0.0.1 is the only loopback address.
  const programs = process.platform === "linux" ? Object.keys(BALANCERS) : ["on Linux"];
  const packages = "haproxy, nginx-light and caddy";
  return lacksPrograms(
    programs,
    `no load balancers here: on Linux install the packages ${packages}`,
  );
}

const configurationOf = (name: BalancerName) =>
  join(import.meta.dirname, "../../.deploy", BALANCERS[name].file);

/** Has the program check its file in .deploy; what it prints is empty, or says what is wrong. */
export function checkConfiguration(name: BalancerName): { status: number | null; output: string } {
  const args = BALANCERS[name].check(configurationOf(name), temporaryFolder());
  const { status, stdout, stderr } = spawnSync(findProgram(name) ?? "", args, { encoding: "utf8" });
  return { status, output: stdout + stderr };
}

/**
 * Starts one with its file in .deploy, in which only addresses and ports are replaced: its own, and the nodes'. With
 * fewer nodes, the lines of the others are missing. `change` may change more.
 */
export async function startBalancer(
  name: BalancerName,
  nodes: readonly string[],
  change: (configuration: string) => string = (configuration) => configuration,
) {
  const address = ownAddress();
  const folder = temporaryFolder();
  const file = join(folder, BALANCERS[name].file);
  writeFileSync(file, change(configure(name, address, nodes)));
  // Caddy's folder for certificates, and its nodes, which the file has in one line.
  const env = { HOME: folder, NODES: nodes.map((url) => new URL(url).host).join(" ") };
  // Not SIGKILL, which would leave nginx's workers behind.
  const output = runProgram(name, BALANCERS[name].run(file, folder), env, "SIGTERM");
  const url = `http://${address}:8080`;
  const answered = async () => {
    const { ok } = await fetch(`${url}/health`).catch(() => ({ ok: false }));
    if (!ok) throw new Error(`${name} doesn't answer:\n${output()}`);
  };
  await vi.waitFor(answered, { timeout: 20_000 });
  return { url, log: output };
}

/** The file in .deploy with other addresses. */
function configure(name: BalancerName, address: string, nodes: readonly string[]): string {
  const replaced = [BALANCERS[name].listens(address)];
  for (const [index, url] of nodes.entries()) {
    replaced.push([`127.0.0.1:300${index + 1}`, new URL(url).host]);
  }
  let configuration = readFileSync(configurationOf(name), "utf8")
    .split("\n")
    .filter((line) => Number(line.match(/127\.0\.0\.1:300(\d)/)?.[1] ?? 0) <= nodes.length)
    .join("\n");
  for (const [from = "", to = ""] of replaced) {
    if (!configuration.includes(from)) throw new Error(`no ${from} in ${BALANCERS[name].file}`);
    configuration = configuration.replaceAll(from, to);
  }
  return configuration;
}

/** Three nodes that do nothing but answer, with the status that `answer` makes of the node's own. */
export async function startStubs(
  answer: (request: IncomingMessage, status: number) => number | undefined,
): Promise<string[]> {
  const urls: string[] = [];
  for (const status of [200, 201, 202]) {
    const node = createServer((request, response) => {
      const answered = answer(request, status);
      if (answered !== undefined) response.writeHead(answered).end();
    }).listen(0, "127.0.0.1");
    onTestFinished(() => void node.close());
    await once(node, "listening");
    const address = node.address();
    urls.push(`http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`);
  }
  return urls;
}
