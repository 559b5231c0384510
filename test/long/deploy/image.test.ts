/** The Dockerfile's steps, done without Docker, and what runs what they made: CMD, HEALTHCHECK, the systemd unit. */

import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse as parseEnv } from "dotenv";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseConfig } from "../../../src/config/config.ts";
import {
  allowedBy,
  buildImage,
  filesIn,
  parseDockerfile,
  type Stage,
  setWritable,
} from "../../support/dockerfile.ts";
import { temporaryFolder } from "../../support/files.ts";
import { findProgram } from "../../support/programs.ts";
import { TestProcess } from "../../support/server.ts";

const ROOT = join(import.meta.dirname, "../../..");
const MAX_MIB = 32;
const LOOPBACK = { HOST: "127.0.0.1", PORT: "0" };

const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
const { PATH = "", HOME = "" } = process.env;
const isRoot = process.getuid?.() === 0;
const hasUsers = process.platform === "linux" || process.platform === "darwin";

let image: Stage;
/** This Node, where other users may run it: it may lie in a folder of root's own. */
let node = process.execPath;

beforeAll(() => {
  if (!hasUsers) return;
  const folder = temporaryFolder(afterAll);
  chmodSync(folder, 0o755);
  node = join(folder, "node");
  copyFileSync(process.execPath, node);
  const allowed = allowedBy(read(".deploy/Dockerfile.dockerignore"));
  image = buildImage(
    parseDockerfile(read(".deploy/Dockerfile")),
    { context: ROOT, allowed, folder },
    { PATH, HOME, npm_config_prefer_offline: "true", npm_config_audit: "false" },
  );
  setWritable(image.root, false);
  // Before the folder is removed.
  afterAll(() => setWritable(folder, true));
}, 180_000);

/** The user that the image names, if the test may become it; else the test's own. */
function imageUser(): { uid?: number; gid?: number } {
  const [uid = 0, gid = 0] = image.user.split(":").map(Number);
  return isRoot ? { uid, gid } : {};
}

/** Starts the image's command, or another, with nothing to write to. */
function start(env = {}, [program = "", ...args] = image.command, before: string[] = []) {
  expect(program.split("/").at(-1)).toBe("node");
  const [first = "", ...others] = [...before, node, ...args];
  const nowhere = { HOME: "/nonexistent", TMPDIR: "/nonexistent" };
  return new TestProcess(others, { ...image.env, ...nowhere, ...LOOPBACK, ...env }, image.at(), {
    program: first,
    ...imageUser(),
  });
}

async function urlOf(server: TestProcess): Promise<string> {
  const [, url = ""] = await server.printed(/open (http:\/\/[^\s"]+)/);
  return url;
}

const childrenOf = (pid = 0) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);

/** What makes a command the first process of a namespace of its own; some systems allow it to root alone. */
const AS_PID_1 = [
  findProgram("unshare") ?? "",
  "--user",
  "--map-root-user",
  "--pid",
  "--kill-child",
];
const lacksNamespaces = spawnSync(AS_PID_1[0] ?? "", [...AS_PID_1.slice(1), "true"]).status !== 0;
if (lacksNamespaces)
  console.warn("skipped: process 1 of the image; this system allows no user namespaces");

describe.skipIf(!hasUsers)("the image", () => {
  test("has what production needs, and is small", () => {
    const files = filesIn(image.root);
    const bytes = files.reduce((sum, file) => sum + statSync(join(image.root, file)).size, 0);
    console.log(
      `${files.length} files, ${(bytes / 2 ** 20).toFixed(1)} MiB, without node:24-alpine`,
    );
    expect(bytes).toBeLessThan(MAX_MIB * 2 ** 20);
    const top = new Set(files.map((file) => file.split("/").slice(0, 2).join("/")));
    expect([...top].sort()).toEqual(["app/dist", "app/node_modules", "app/package.json"]);
    const ours = files.filter((file) => !file.startsWith("app/node_modules/"));
    expect(ours.filter((file) => /\.env|\.test\.|dist\/packages/.test(file))).toEqual([]);
  });

  test("has no package of development, and none compiled for a C library", () => {
    const { packages } = JSON.parse(read("package-lock.json"));
    const inImage = filesIn(image.at("node_modules"));
    const installed = inImage.flatMap(
      (file) => file.match(/^(?:.*node_modules\/)?(?:@[^/]+\/)?[^/]+(?=\/package\.json$)/) ?? [],
    );
    expect(installed.length).toBeGreaterThan(50);
    const ofDevelopment = installed.filter((path) => packages[`node_modules/${path}`]?.dev);
    expect(ofDevelopment).toEqual([]);
    expect(inImage.filter((file) => /\.(node|so)$/.test(file))).toEqual([]);
  });

  test("runs as a user that isn't root, without a file to write; HEALTHCHECK says how it is", async () => {
    expect(image.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    const server = start();
    const { port } = new URL(await urlOf(server));
    const check = async (PORT: string) => start({ PORT }, image.healthcheck).ended();
    expect(await check(port)).toBe(0);
    if (process.platform === "linux") expect(childrenOf(server.child.pid)).toEqual([]);
    server.child.kill("SIGTERM");
    expect(await server.ended(), server.output).toBe(0);
    expect(await check(port)).toBe(1);
  });

  test("exposes the port that the server listens on if no other is set", () => {
    expect(image.port).toBe(parseConfig({}).port);
  });

  test.skipIf(lacksNamespaces).each(["SIGTERM", "SIGINT"] as const)(
    "as process 1 it ends on %s",
    async (signal) => {
      const server = start({}, image.command, AS_PID_1);
      await urlOf(server);
      const [pid = ""] = childrenOf(server.child.pid);
      process.kill(Number(pid), signal);
      expect(await server.ended(), server.output).toBe(0);
    },
  );
});

describe.skipIf(!hasUsers)("the systemd unit", () => {
  const unit = Object.fromEntries(
    [...read(".deploy/roomrelay.service").matchAll(/^(\w+)=(.*)$/gm)].map(([, key, value]) => [
      key,
      value,
    ]),
  );

  test("starts the server with a copy of .env.example, and stops it with SIGTERM in time", async () => {
    expect(unit["EnvironmentFile"]).toBe("/etc/roomrelay.env");
    const file = join(temporaryFolder(), "roomrelay.env");
    writeFileSync(file, read(".env.example"));
    const env = { ...parseEnv(readFileSync(file)), ...LOOPBACK, DRAIN_DELAY_MS: "500" };
    const server = start(env, unit["ExecStart"].split(" "));
    expect((await fetch(`${await urlOf(server)}/ready`)).status).toBe(200);
    const started = performance.now();
    server.child.kill("SIGTERM");
    expect(await server.ended(), server.output).toBe(0);
    expect(performance.now() - started).toBeLessThan(Number(unit["TimeoutStopSec"]) * 1_000);
  });
});
