/** The program as it is started and stopped. */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../support/files.ts";
import { RawClient } from "../support/raw.ts";
import { spawnServer, TestProcess } from "../support/server.ts";

const START = [fileURLToPath(new URL("../../dist/main.js", import.meta.url))];

describe("starting", () => {
  test("prints the URL to open, one JSON line an event", async () => {
    const { process, url } = await spawnServer();
    expect((await fetch(`${url}/health`)).status).toBe(200);
    const [line = ""] = process.output.trim().split("\n");
    expect(JSON.parse(line)).toMatchObject({ level: "info", url });
  });

  test("every fault of the configuration is listed at once, without a stack trace", async () => {
    const process = new TestProcess(START, { PORT: "http", LOG_LEVEL: "loud", CORS_ORIGIN: "a.b" });
    expect(await process.ended()).toBe(1);
    for (const variable of ["PORT", "LOG_LEVEL", "CORS_ORIGIN"]) {
      expect(process.output).toMatch(new RegExp(`^  ${variable}: `, "m"));
    }
    expect(process.output.trim().split("\n")).toHaveLength(4);
  });

  test("a misspelled variable is a warning that names the one that was meant, and not its value", async () => {
    const { process } = await spawnServer({ MAX_PEERS_PER_ROM: "canary", AUTH_SECERT: "canary" });
    const lines = process.output.trim().split("\n");
    expect(lines.slice(0, 2).map((line) => JSON.parse(line))).toMatchObject([
      { level: "warn", msg: expect.stringContaining("did you mean MAX_PEERS_PER_ROOM?") },
      { level: "warn", msg: expect.stringContaining("did you mean AUTH_SECRET?") },
    ]);
    expect(process.output).not.toContain("canary");
  });

  test.each(["PORT", "ADMIN_PORT"])("%s in use is one clear line", async (variable) => {
    const taken = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void taken.close());
    await once(taken, "listening");
    const address = taken.address();
    const port = String(address && typeof address === "object" && address.port);
    const env = { PORT: "0", HOST: "127.0.0.1", LOG_LEVEL: "silent", [variable]: port };
    const process = new TestProcess(START, env);
    expect(await process.ended()).toBe(1);
    expect(process.output.trim()).toBe(
      `Port ${port} is in use. Stop what listens there, or set ${variable} to another one.`,
    );
  });

  test("an address of another machine is one clear line", async () => {
    const process = new TestProcess(START, { PORT: "0", HOST: "192.0.2.1" });
    expect(await process.ended()).toBe(1);
    expect(process.output.trim()).toMatch(
      /^HOST "192\.0\.2\.1" is not an address of this machine.*$/,
    );
  });

  test(".env is read, and the environment wins over it", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, ".env"), "PORT=nonsense\nHOST=127.0.0.1\nLOG_LEVEL=info\n");
    const refused = new TestProcess(START, {}, folder);
    expect(await refused.ended()).toBe(1);
    expect(refused.output).toContain("PORT");
    const started = new TestProcess(START, { PORT: "0" }, folder);
    await started.printed(/open http:\/\/127\.0\.0\.1:\d+/);
  });
});

describe("STUN and TURN servers that don't work", () => {
  test("are a warning in the log, and the server serves", async () => {
    const nobody = createSocket("udp4").bind(0, "127.0.0.1");
    await once(nobody, "listening");
    const { port } = nobody.address();
    nobody.close();
    const { process, connect } = await spawnServer({ STUN_URLS: `stun:127.0.0.1:${port}` });
    const ada = await connect();
    expect(await ada.join("demo")).toMatchObject({ ok: true });
    const [line] = await process.printed(/^.*"level":"warn".*$/m);
    expect(JSON.parse(line)).toMatchObject({ url: `stun:127.0.0.1:${port}` });
  });

  test("don't hold up the end while they are awaited", async () => {
    const mute = createSocket("udp4").bind(0, "127.0.0.1");
    onTestFinished(() => void mute.close());
    await once(mute, "listening");
    const asked = once(mute, "message");
    const STUN_URLS = `stun:127.0.0.1:${mute.address().port}`;
    const { process } = await spawnServer({ STUN_URLS });
    await asked;
    const start = performance.now();
    process.child.kill("SIGTERM");
    expect(await process.ended()).toBe(0);
    expect(performance.now() - start).toBeLessThan(3_000);
  });
});

describe("stopping", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "%s ends connections so that clients come back, with exit 0",
    async (signal) => {
      const { process, connect } = await spawnServer();
      const ada = await connect();
      await ada.join("demo");
      const reason = new Promise((resolve) => ada.socket.once("disconnect", resolve));
      process.child.kill(signal);
      // After "io server disconnect" a client would not try again.
      expect(await reason).toBe("transport close");
      expect(await process.ended()).toBe(0);
    },
  );

  test.each(["SIGTERM", "SIGINT"])("%s before it listens ends it, with exit 0", async (signal) => {
    const early = `import { Server } from "node:net";
      const { listen } = Server.prototype;
      Server.prototype.listen = function (...args) {
        process.kill(process.pid, "${signal}");
        return listen.apply(this, args);
      };`;
    const preload = `data:text/javascript,${encodeURIComponent(early)}`;
    const process = new TestProcess(["--import", preload, "dist/main.js"], { PORT: "0" });
    expect(await process.ended(), process.output).toBe(0);
  });

  test("a client that doesn't answer the closing handshake delays the end by less than 5 s", async () => {
    const { process, url } = await spawnServer();
    const raw = await RawClient.connect(url);
    raw.ws.pause();
    const start = performance.now();
    process.child.kill("SIGTERM");
    expect(await process.ended()).toBe(0);
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  test("a second signal ends it at once", async () => {
    const { process, url } = await spawnServer();
    const raw = await RawClient.connect(url);
    raw.ws.pause();
    process.child.kill("SIGTERM");
    await process.printed(/closing/);
    const start = performance.now();
    process.child.kill("SIGTERM");
    expect(await process.ended()).toBe(1);
    expect(performance.now() - start).toBeLessThan(500);
  });
});

test("npm start does the same as node dist/main.js", async () => {
  const { process, url, connect } = await spawnServer({}, ["--import", "tsx", "src/main.ts"]);
  expect((await fetch(`${url}/health`)).status).toBe(200);
  const ada = await connect();
  expect(await ada.join("demo")).toMatchObject({ ok: true });
  process.child.kill("SIGTERM");
  expect(await process.ended()).toBe(0);
});
