/** The floors of .github/ARCHITECTURE.md: a file imports only from floors below its own. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SRC = fileURLToPath(new URL("../src", import.meta.url));

const FLOORS: Record<string, number> = {
  "main.ts": 6,
  "token.ts": 6,
  "ice-check.ts": 6,
  "server.ts": 5,
  "signaling.ts": 4,
  "access.ts": 4,
  "http.ts": 4,
  "ice-probe.ts": 4,
  "sockets.ts": 3,
  "handshake.ts": 3,
  "transport.ts": 3,
  "rooms.ts": 2,
  "payloads.ts": 2,
  "origins.ts": 2,
  "auth.ts": 2,
  "rate-limit.ts": 2,
  "connection-limits.ts": 2,
  "slow-receivers.ts": 2,
  "ice.ts": 2,
  "relay-only.ts": 2,
  "turn-client.ts": 2,
  "lean.ts": 2,
  "config.ts": 1,
  "logger.ts": 1,
  "names.ts": 1,
  "stun-connection.ts": 1,
  "fields.ts": 0,
  "token-key.ts": 0,
  "ice-options.ts": 0,
  "ice-urls.ts": 0,
  "stun-message.ts": 0,
  "protocol.ts": 0,
};

/** What a browser runs has floors of its own, and of the server's files only the wire's types. */
const BROWSER_FLOORS: Record<string, number> = {
  "web/app.ts": 14,
  "web/lobby.ts": 13,
  "web/call.ts": 13,
  "web/preview.ts": 12,
  "web/stage.ts": 11,
  "web/controls.ts": 11,
  "web/devices.ts": 10,
  "web/tile.ts": 10,
  "web/chat.ts": 10,
  "web/media.ts": 9,
  "web/capture.ts": 8,
  "web/copy-link.ts": 9,
  "web/toast.ts": 8,
  "web/problems.ts": 8,
  "web/dom.ts": 7,
  "web/layout.ts": 7,
  "web/messages.ts": 7,
  "web/meter.ts": 7,
  "web/room.ts": 7,
  "web/stats.ts": 7,
  "client/index.ts": 7,
  "client/mesh.ts": 6,
  "client/session.ts": 5,
  "client/ice.ts": 4,
  "client/mesh-types.ts": 4,
  "client/signaling.ts": 3,
  "client/signaling-types.ts": 2,
  "client/peer.ts": 2,
  "client/rejoin.ts": 2,
  "client/link.ts": 1,
  "client/errors.ts": 1,
  "client/events.ts": 1,
  "client/abortable.ts": 1,
  "client/network.ts": 1,
  "client/token.ts": 1,
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

test("only the programs read the environment and end the process", () => {
  for (const file of files.filter((f) => FLOORS[f] !== FLOORS["main.ts"])) {
    expect(readFileSync(join(SRC, file), "utf8"), file).not.toMatch(/process\.(env|exit)\b/);
  }
});

test("no file is over 200 lines", () => {
  for (const file of files) {
    expect(readFileSync(join(SRC, file), "utf8").split("\n").length, file).toBeLessThanOrEqual(200);
  }
});
