/** The folders of .github/ARCHITECTURE.md: code imports only from folders below its own. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SRC = fileURLToPath(new URL("../../src", import.meta.url));

/** Ranks of folders, and of the files that stand in `src/` itself. Equals don't import each other. */
const RANKS: Record<string, number> = {
  cli: 7,
  "main.ts": 6,
  "index.ts": 6,
  server: 5,
  signaling: 4,
  http: 4,
  connections: 3,
  config: 3,
  auth: 2,
  rooms: 2,
  ice: 2,
  protocol: 1,
  log: 1,
};

/** What a browser runs; of the server's folders it imports the wire alone. */
const BROWSER_RANKS: Record<string, number> = {
  "web/app.ts": 6,
  "web/call": 5,
  "web/lobby": 5,
  "web/media": 4,
  web: 3,
  client: 2,
  protocol: 1,
};

/** Imports between folders; a new one needs a reason. */
const MAX_EDGES = 34;

/** What a browser may import of the wire: nothing that reads input. */
const SHARED = ["protocol/messages.ts", "protocol/limits.ts"];

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => file.endsWith(".ts"));
const isBrowser = (file: string) => /^(client|web)\//.test(file);

/** The longest entry that the file stands under. */
function placeOf(file: string, ranks: Record<string, number>): string | undefined {
  for (let path = file; path !== "."; path = dirname(path)) if (path in ranks) return path;
  return undefined;
}

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

test("every file has a rank", () => {
  for (const file of files) {
    expect(placeOf(file, isBrowser(file) ? BROWSER_RANKS : RANKS), file).toBeDefined();
  }
});

test.each(files)("%s imports only from its own folder and those below", (file) => {
  const ranks = isBrowser(file) ? BROWSER_RANKS : RANKS;
  const place = placeOf(file, ranks) ?? "";
  for (const imported of importsOf(file).ours) {
    const from = placeOf(imported, ranks) ?? imported;
    if (from === place) continue;
    expect(ranks[from], imported).toBeLessThan(ranks[place] ?? -1);
    if (isBrowser(file) && from === "protocol") expect(SHARED).toContain(imported);
  }
});

test("no import goes in a circle", () => {
  const done = new Set<string>();
  const visit = (file: string, path: string[]) => {
    expect(path, [...path, file].join(" → ")).not.toContain(file);
    if (done.has(file)) return;
    for (const imported of importsOf(file).ours) visit(imported, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
});

/** The folders of `src/`, and the files that stand in it, with the imports between them. */
function folderGraph(): { nodes: Set<string>; edges: Set<string> } {
  const nodeOf = (file: string) => file.split("/")[0] ?? file;
  const edges = files.flatMap((file) =>
    importsOf(file)
      .ours.map((imported) => [nodeOf(file), nodeOf(imported)])
      .filter(([from, to]) => from !== to)
      .map(([from, to]) => `${from} → ${to}`),
  );
  return { nodes: new Set(files.map(nodeOf)), edges: new Set(edges) };
}

const graph = folderGraph();

// The name has the figures: `npx vitest run --config test/vitest.config.ts architecture -t graph --reporter=verbose`.
test(`the graph of folders stays small: ${graph.nodes.size} nodes, ${graph.edges.size} edges`, () => {
  expect(graph.edges.size, [...graph.edges].sort().join("\n")).toBeLessThanOrEqual(MAX_EDGES);
});

test("the imports are really read", () => {
  expect(importsOf("signaling/handlers.ts").ours).toContain("protocol/parse.ts");
  expect(importsOf("rooms/registry.ts").ours).toEqual(["protocol/messages.ts"]);
});

test("what is pure stays without Socket.IO and Express; the wire's types import nothing", () => {
  const pure = ["protocol", "rooms", "auth", "ice", "config"];
  for (const file of files.filter((f) => pure.includes(dirname(f).split("/")[0] ?? ""))) {
    expect(importsOf(file).packages, file).not.toContain("socket.io");
    expect(importsOf(file).packages, file).not.toContain("express");
  }
  for (const file of SHARED) expect(importsOf(file), file).toEqual({ ours: [], packages: [] });
});

test("few need all of the configuration", () => {
  const importers = files.filter((file) => importsOf(file).ours.includes("config/config.ts"));
  expect(importers.length).toBeLessThanOrEqual(4);
});

test("only the programs read the environment and end the process", () => {
  const programs = ["main.ts", "cli"];
  for (const file of files.filter((f) => !programs.includes(placeOf(f, RANKS) ?? ""))) {
    expect(readFileSync(join(SRC, file), "utf8"), file).not.toMatch(/process\.(env|exit)\b/);
  }
});

test("no file is over 200 lines", () => {
  for (const file of files) {
    expect(readFileSync(join(SRC, file), "utf8").split("\n").length, file).toBeLessThanOrEqual(200);
  }
});
