/** The log's other end doesn't read, is full or is gone: none of the server's business. */

import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { open } from "node:fs/promises";
import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { createConfig } from "../../../src/config/config.ts";
import { createLogger } from "../../../src/log/logger.ts";
import { attach } from "../../../src/server/attach.ts";
import { TestClient } from "../../support/client.ts";
import { temporaryFolder } from "../../support/files.ts";
import { RawClient } from "../../support/raw.ts";
import { startServer, UNLIMITED } from "../../support/server.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const ENV = { ...UNLIMITED, HOST: "127.0.0.1", LOG_LEVEL: "debug" };
/** Several times what a pipe or a socket and the server's queue take. */
const LINES = 20_000;

interface Output {
  stdout?: "pipe" | number;
  stderr?: "pipe" | "inherit" | number;
}

/** Starts the built program with these outputs. */
function start(
  env: Record<string, string>,
  { stdout = "pipe", stderr = "inherit" }: Output,
  program = process.execPath,
  args = ["dist/main.js"],
) {
  const { PATH = "" } = process.env;
  const child = spawn(program, args, {
    cwd: ROOT,
    env: { PATH, ...ENV, ...env },
    stdio: ["ignore", stdout, stderr],
  });
  const ended = once(child, "close");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    child.stdout?.destroy();
    child.stderr?.destroy();
    await ended;
  });
  return child;
}

/** The address in the program's first line; nothing is read afterwards. */
async function urlOf({ stdout }: ChildProcess): Promise<string> {
  let output = "";
  while (!/open http[^\s"]+["\s]/.test(output)) {
    if (!stdout) throw new Error("no pipe");
    await once(stdout, "readable");
    output += stdout.read() ?? "";
  }
  return /open (http[^\s"]+)/.exec(output)?.[1] ?? "";
}

/** A port that was free a moment ago, for a program that can't tell which it got. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address ? address.port : 0;
}

/** Connects as soon as the program listens. */
async function connectSoon(url: string): Promise<TestClient> {
  const client = new TestClient(url, { reconnection: true, reconnectionDelay: 50 });
  const connected = new Promise<void>((resolve) => client.socket.once("connect", resolve));
  client.socket.connect();
  await connected;
  return client;
}

/** Joins, leaves and refusals by the thousand, each answered. */
async function makeLines(client: TestClient, lines = LINES): Promise<void> {
  for (let round = 0; round < lines / 1_000; round++) {
    const asked = Array.from({ length: 250 }, () => [
      client.join("demo"),
      client.leave(),
      client.request("nonsense"),
      client.request("nonsense"),
    ]);
    await Promise.all(asked.flat());
  }
  expect(await client.join("demo")).toMatchObject({ ok: true });
}

/** Reads on: all lines, once it has ended, and a way to wait for one. */
function readRest({ stdout }: ChildProcess) {
  if (!stdout) throw new Error("no pipe");
  const lines = text(stdout).then((all) => all.trimEnd().split("\n"));
  const said = (pattern: RegExp) =>
    new Promise<void>((resolve) => {
      stdout.on("data", (chunk) => pattern.test(String(chunk)) && resolve());
    });
  return [lines, said] as const;
}

/** Whether SIGTERM ends it as usual, and how long that takes. */
async function endsInTime(child: ChildProcess): Promise<void> {
  const begin = performance.now();
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  expect(await exited).toEqual([0, null]);
  expect(performance.now() - begin).toBeLessThan(5_000);
}

/** Whether there is no script(1), of bsdutils; under CI there has to be one. */
function lacksScript(): boolean {
  if (spawnSync("script", ["--version"]).status === 0) return false;
  if (process.env["CI"]) throw new Error("no script here: install bsdutils");
  console.warn("skipped: no script here: install bsdutils");
  return true;
}

describe("a log that nobody reads", () => {
  test("a socket: every event is answered, SIGTERM ends the server", async () => {
    const child = start({ PORT: "0" }, {});
    await makeLines(await TestClient.connect(await urlOf(child)));
    await endsInTime(child);
  });

  test("a pipe: the same", async () => {
    const path = join(temporaryFolder(), "log");
    execFileSync("mkfifo", [path]);
    const opened = open(path, "r");
    const stdout = openSync(path, "w");
    const child = start({ PORT: "0" }, { stdout });
    closeSync(stdout);
    const reader = await opened;
    onTestFinished(() => reader.close());
    const { buffer, bytesRead } = await reader.read();
    const [, url = ""] = /open (http[^\s"]+)/.exec(buffer.toString("utf8", 0, bytesRead)) ?? [];
    await makeLines(await TestClient.connect(url));
    await endsInTime(child);
  });

  // script(1) stops to read from the terminal when nobody reads from it.
  test.skipIf(lacksScript())("a terminal: the same", async () => {
    const command = `exec ${process.execPath} dist/main.js`;
    const child = start({ PORT: "0" }, {}, "script", ["-qec", command, "/dev/null"]);
    const client = await TestClient.connect(await urlOf(child));
    await makeLines(client);
  });

  test("read again, it says how many lines were dropped, and no line is broken", async () => {
    const child = start({ PORT: "0" }, {});
    await makeLines(await TestClient.connect(await urlOf(child)));
    const [rest, said] = readRest(child);
    await said(/log lines dropped/);
    await endsInTime(child);
    const told = (await rest).map((line) => JSON.parse(line));
    const dropped = told.find(({ msg }) => /^\d+ log lines dropped$/.test(msg));
    expect(dropped).toMatchObject({ level: "error" });
    const written = told.filter(({ msg }) => msg === "refused").length;
    expect(written).toBeLessThan(LINES / 2);
    // Joins and leaves may be among the dropped.
    expect(written + dropped.lines).toBeGreaterThanOrEqual(LINES / 2);
  });

  test("what waits when the server ends is written, if it is read then", async () => {
    const child = start({ PORT: "0" }, {});
    // More than the socket takes, less than the queue.
    await makeLines(await TestClient.connect(await urlOf(child)), 8_000);
    child.kill("SIGTERM");
    const [rest] = readRest(child);
    const told = (await rest).map((line) => JSON.parse(line).msg);
    expect(told.filter((msg) => msg === "refused")).toHaveLength(4_000);
    expect(told).toContain("closing");
  });
});

test("a log on a full disk: every event is answered, SIGTERM ends the server", async () => {
  const stdout = openSync("/dev/full", "w");
  onTestFinished(() => closeSync(stdout));
  const port = await freePort();
  const child = start({ PORT: String(port) }, { stdout });
  await makeLines(await connectSoon(`http://127.0.0.1:${port}`));
  await endsInTime(child);
});

test("a log whose reader is gone: every event is answered, SIGTERM ends the server", async () => {
  const child = start({ PORT: "0" }, {});
  const url = await urlOf(child);
  child.stdout?.destroy();
  await makeLines(await TestClient.connect(url));
  await endsInTime(child);
});

describe("standard error", () => {
  // Socket.IO writes there, a lot of it, when asked to.
  const DEBUG = "engine,socket.io:*";

  test("without a reader any more, it ends nothing", async () => {
    const child = start({ PORT: "0", DEBUG }, { stderr: "pipe" });
    const url = await urlOf(child);
    child.stdout?.resume();
    child.stderr?.destroy();
    await makeLines(await TestClient.connect(url));
    await endsInTime(child);
  });

  test("that nobody reads, it holds nothing up", async () => {
    const child = start({ PORT: "0", DEBUG }, { stderr: "pipe" });
    const url = await urlOf(child);
    child.stdout?.resume();
    await makeLines(await TestClient.connect(url));
    await endsInTime(child);
  });

  test.each([{}, { PORT: "http" }])("full, with %j: as usual", async (env) => {
    const stderr = openSync("/dev/full", "w");
    onTestFinished(() => closeSync(stderr));
    const child = start({ PORT: "0", DEBUG, ...env }, { stderr });
    if ("PORT" in env) return expect(await once(child, "exit")).toEqual([1, null]);
    const url = await urlOf(child);
    child.stdout?.resume();
    await makeLines(await TestClient.connect(url));
    await endsInTime(child);
  });
});

test("joins and leaves fill no log: a burst, and then how many were left out", async () => {
  const server = await startServer({ ...UNLIMITED, LOG_LEVEL: "info" });
  const ada = await server.connect();
  for (let n = 0; n < 1_000; n++) {
    await ada.join("demo");
    await ada.leave();
  }
  expect(server.log.length).toBeGreaterThanOrEqual(100);
  expect(server.log.length).toBeLessThan(300);
});

describe("faults that a client can cause again and again fill no log", () => {
  /** A log of errors alone. */
  function recordErrors() {
    const lines: string[] = [];
    const destination = { write: (line: string) => void lines.push(line) };
    return { lines, log: createLogger({ level: "error", destination }) };
  }

  test("an application's `authorize` that throws at a cookie", async () => {
    const { lines, log } = recordErrors();
    const httpServer = createHttpServer();
    const authorize = ({ headers }: IncomingMessage) => {
      throw new URIError(`no such cookie: ${headers.cookie}`);
    };
    const signaling = attach(httpServer, createConfig({ authorize }), { log });
    onTestFinished(() => signaling.close());
    onTestFinished(() => void httpServer.close());
    await once(httpServer.listen(0, "127.0.0.1"), "listening");
    const { port } = httpServer.address() as AddressInfo;
    for (let n = 0; n < 60; n++) {
      const client = await RawClient.connect(`http://127.0.0.1:${port}`, { namespace: false });
      client.send("40");
      await client.frame(/^44.*"code":"internal"/);
    }
    expect(lines.length).toBeGreaterThanOrEqual(10);
    expect(lines.length).toBeLessThan(40);
  });

  test("requests that fail for a fault of the server", async () => {
    const server = await startServer({ LOG_LEVEL: "error" });
    server.rooms.count = async () => Promise.reject(new Error("EMFILE"));
    for (let n = 0; n < 60; n++) expect((await fetch(`${server.url}/health`)).status).toBe(500);
    expect(server.log.length).toBeGreaterThanOrEqual(10);
    expect(server.log.length).toBeLessThan(40);
  });

  test("connections that can't be accepted", async () => {
    const server = await startServer({ LOG_LEVEL: "error" });
    for (let n = 0; n < 60; n++) server.httpServer.emit("error", new Error("accept EMFILE"));
    expect(server.log.length).toBeGreaterThanOrEqual(10);
    expect(server.log.length).toBeLessThan(40);
  });
});
