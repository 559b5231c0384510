/** The program with `--phone`: HTTPS beside HTTP, one server. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";
import { TestClient } from "../support/client.ts";
import { temporaryFolder } from "../support/files.ts";
import { startWithPhone } from "../support/phone.ts";
import { spawnServer, TestProcess } from "../support/server.ts";
import { openTcp } from "../support/tcp.ts";

/** A request by HTTPS that trusts this certificate and no other. */
async function get(url: string, ca: string) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(url, { ca, agent: false }, resolve).on("error", reject).end();
  });
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

const TRANSPORTS = [["websocket"], ["polling"]];

describe("by HTTPS", () => {
  test("the same routes answer, without a promise that this host always has HTTPS", async () => {
    const { phoneUrl, url, ca } = await startWithPhone();
    const health = await get(`${phoneUrl}/health`, ca);
    expect(health).toMatchObject({ status: 200, body: expect.stringContaining('"status":"ok"') });
    const page = await get(`${phoneUrl}/`, ca);
    expect(page.body).toBe(await (await fetch(`${url}/`)).text());
    expect(page.body).toContain(`<meta name="phone-url" content="${phoneUrl}/">`);
    for (const { headers } of [health, page]) {
      expect(headers["strict-transport-security"]).toBeUndefined();
      expect(headers["content-security-policy"]).toContain("default-src 'none'");
    }
    expect((await fetch(url)).headers.get("strict-transport-security")).toContain("max-age");
  });

  test.each(TRANSPORTS)(
    "by %s, a phone meets who came by HTTP, from the page's origin",
    async (...transports) => {
      const { phoneUrl, ca, connect } = await startWithPhone();
      const ada = await connect();
      const extraHeaders = { Origin: phoneUrl };
      const bob = await TestClient.connect(phoneUrl, { transports, ca, extraHeaders });
      await ada.join("demo", "Ada");
      expect(await bob.join("demo", "Bob")).toMatchObject({ ok: true, users: [{ name: "Ada" }] });
      expect(await bob.offer("v=0")).toMatchObject({ delivered: 1 });
      expect((await ada.next("getOffer"))[0]).toMatchObject({ sdp: "v=0" });
    },
  );

  test("a page of another origin is refused", async () => {
    const { phoneUrl, ca } = await startWithPhone();
    const extraHeaders = { Origin: "https://192.0.2.99:3443" };
    await expect(TestClient.connect(phoneUrl, { ca, extraHeaders })).rejects.toThrow();
  });
});

describe("the code", () => {
  test.each([
    ["room=demo", 200],
    ["room=team-1:@~", 200],
    ["room=", 404],
    ["room=two%20words", 404],
    ["room=%3Csvg%3E", 404],
    [`room=${"x".repeat(129)}`, 404],
    ["", 404],
    ["room=demo&room=x", 200],
  ])("with %j: %i", async (query, status) => {
    const { url } = await startWithPhone();
    const response = await fetch(`${url}/phone.svg?${query}`);
    expect(response.status).toBe(status);
    if (status === 200) expect(response.headers.get("content-type")).toBe("image/svg+xml");
  });

  test("doesn't depend on the Host of who asks", async () => {
    const { url } = await startWithPhone();
    const fetched = await (await fetch(`${url}/phone.svg?room=demo`)).text();
    const forged =
      "GET /phone.svg?room=demo HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    expect(await (await openTcp(url, forged)).ended()).toContain(fetched);
  });
});

describe("the program", () => {
  const start = async (args = ["--phone=0"], env = {}) => {
    const home = temporaryFolder();
    const settings = { HOME: home, XDG_CONFIG_HOME: join(home, "config"), ...env };
    const { process, ...server } = await spawnServer(settings, ["dist/main.js", ...args]);
    const [, phoneUrl = ""] = await process.printed(/open (https:\/\/[^\s"]+)\//);
    return { ...server, process, phoneUrl, home };
  };

  test.each(["SIGTERM", "SIGINT"] as const)(
    "%s ends phones' connections as well",
    async (signal) => {
      const { process, phoneUrl, home } = await start();
      const ca = readFileSync(join(home, "config/roomrelay/phone.pem"), "utf8");
      const ada = await TestClient.connect(phoneUrl, { ca });
      await ada.join("demo");
      const idle = await openTcp(phoneUrl);
      const reason = new Promise((resolve) => ada.socket.once("disconnect", resolve));
      process.child.kill(signal);
      expect(await reason).toBe("transport close");
      await idle.ended();
      expect(await process.ended()).toBe(0);
    },
  );

  test("prints JSON lines alone where there is no terminal, and tells nothing of who connects", async () => {
    const { process, phoneUrl } = await start();
    const lines = process.output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.at(-1)).toMatchObject({ level: "info", url: `${phoneUrl}/` });
  });

  test("keeps its certificate, in ~/.config if not told otherwise", async () => {
    const { home } = await start(["--phone=0"], { XDG_CONFIG_HOME: "relative" });
    expect(readFileSync(join(home, ".config/roomrelay/phone.pem"), "utf8")).toContain(
      "PRIVATE KEY",
    );
  });

  test("a folder that can't be used is one clear line", async () => {
    const home = temporaryFolder();
    mkdirSync(join(home, "config"));
    writeFileSync(join(home, "config/roomrelay"), "a file");
    const env = { PORT: "0", HOST: "127.0.0.1", XDG_CONFIG_HOME: join(home, "config") };
    const process = new TestProcess(["dist/main.js", "--phone=0"], env);
    expect(await process.ended()).toBe(1);
    const [line = "", ...rest] = process.output
      .trim()
      .split("\n")
      .filter((line) => !line.startsWith("{"));
    expect(line).toMatch(
      /^--phone keeps its certificate in .*roomrelay.*Make that folder writable/,
    );
    expect(rest).toEqual([]);
  });

  test("a port in use is one clear line that names it", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, resolve));
    onTestFinished(() => void taken.close());
    const address = taken.address();
    const port = address && typeof address === "object" ? address.port : 0;
    const env = { PORT: "0", HOST: "127.0.0.1", XDG_CONFIG_HOME: temporaryFolder() };
    const process = new TestProcess(["dist/main.js", `--phone=${port}`], env);
    expect(await process.ended()).toBe(1);
    expect(process.output).toContain(`--phone can't listen on port ${port}`);
    expect(process.output).not.toContain("    at ");
  });

  test("an unknown argument names the usage", async () => {
    const process = new TestProcess(["--import", "tsx", "src/main.ts", "--fone"]);
    expect(await process.ended()).toBe(1);
    expect(process.output).toMatch(/--fone: is not an argument; .*\n.*--phone\[=PORT\]/);
  });

  test("roomrelay --phone does the same, and --help tells of it", async () => {
    const env = { PORT: "0", HOST: "127.0.0.1", XDG_CONFIG_HOME: temporaryFolder() };
    const started = new TestProcess(["dist/cli/roomrelay.js", "--phone=0"], env);
    await started.printed(/open https:\/\//);
    const help = new TestProcess(["dist/cli/roomrelay.js", "--help"]);
    expect(await help.ended()).toBe(0);
    expect(help.output).toContain("--phone[=PORT]");
  });
});

test("without --phone there is no code, and the page has no URL for phones", async () => {
  const { url } = await spawnServer();
  expect((await fetch(`${url}/phone.svg?room=demo`)).status).toBe(404);
  expect(await (await fetch(url)).text()).toContain('<meta name="phone-url" content="">');
});
