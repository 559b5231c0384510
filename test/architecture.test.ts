/** The floors of .github/ARCHITECTURE.md: a file imports only from floors below its own. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SRC = fileURLToPath(new URL("../src", import.meta.url));

const FLOORS: Record<string, number> = {
  "main.ts": 5,
  "server.ts": 4,
  "signaling.ts": 3,
  "http.ts": 3,
  "rooms.ts": 2,
  "payloads.ts": 2,
  "origins.ts": 2,
  "lean.ts": 2,
  "config.ts": 1,
  "logger.ts": 1,
  "protocol.ts": 0,
};

/** What a browser runs has floors of its own, and of the server's files only the wire's types. */
const BROWSER_FLOORS: Record<string, number> = {
  "web/app.ts": 6,
  "client/index.ts": 5,
  "client/mesh.ts": 4,
  "client/session.ts": 3,
  "client/peer.ts": 2,
  "client/link.ts": 1,
  "client/signaling.ts": 2,
  "client/events.ts": 1,
  "client/abortable.ts": 1,
  "client/network.ts": 1,
  "protocol.ts": 0,
};

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((f) =>
  f.endsWith(".ts"),
);

/** What a file of ours imports: files of ours, and packages. Type imports count. */
function importsOf(file: string): { ours: string[]; packages: string[] } {
  const source = readFileSync(join(SRC, file), "utf8");
  const specifiers = [
    ...source.matchAll(/(?:^(?:import|export)\s[^;]*?from|^import|\bimport\()\s*"([^"]+)"/gms),
  ].map(([, s = ""]) => s);
  const isOurs = (specifier: string) => specifier.startsWith(".");
  return {
    ours: specifiers.filter(isOurs).map((s) => posix.join(dirname(file), s)),
    packages: specifiers.filter((s) => !isOurs(s)),
  };
}

test("every file stands on a floor", () => {
  expect([...files].sort()).toEqual(Object.keys({ ...FLOORS, ...BROWSER_FLOORS }).sort());
});

test.each(files)("%s imports only from floors below its own", (file) => {
  const floors = file in FLOORS ? FLOORS : BROWSER_FLOORS;
  for (const imported of importsOf(file).ours) {
    expect(floors[imported], imported).toBeLessThan(floors[file] ?? -1);
  }
});

test("the imports are really read", () => {
  expect(importsOf("signaling.ts").ours).toContain("payloads.ts");
  expect(importsOf("rooms.ts").ours).toEqual(["protocol.ts"]);
});

test("what is pure stays without Socket.IO and Express; the wire's types import nothing", () => {
  for (const file of files.filter((f) => (FLOORS[f] ?? 0) <= 2)) {
    expect(importsOf(file).packages).not.toContain("socket.io");
    expect(importsOf(file).packages).not.toContain("express");
  }
  expect(importsOf("protocol.ts")).toEqual({ ours: [], packages: [] });
});

test("only main.ts reads the environment and ends the process", () => {
  for (const file of files.filter((f) => f !== "main.ts")) {
    expect(readFileSync(join(SRC, file), "utf8"), file).not.toMatch(/process\.(env|exit)\b/);
  }
});

test("no file is over 200 lines", () => {
  for (const file of files) {
    expect(readFileSync(join(SRC, file), "utf8").split("\n").length, file).toBeLessThanOrEqual(200);
  }
});
