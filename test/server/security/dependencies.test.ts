/** Versions that close known holes: what a server in production gets by the lock file is as new. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** The oldest that will do. Raise one when an advisory says so. */
const FLOORS: Record<string, string> = {
  "engine.io": "6.6.10",
  "socket.io-parser": "4.2.7",
  ws: "8.21.1",
  "path-to-regexp": "8.4.0",
  qs: "6.14.1",
};

const lock: { packages: Record<string, { version?: string; dev?: boolean }> } = JSON.parse(
  readFileSync(new URL("../../../package-lock.json", import.meta.url), "utf8"),
);

/**
 * Every version of a package in the lock file, nested ones too. Left out is what only development has:
 * the server that the benchmark compares with brings an older Express.
 */
function versionsOf(name: string): string[] {
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => path.endsWith(`node_modules/${name}`) && !dev)
    .map(([, { version = "0.0.0" }]) => version);
}

const parts = (version: string) => version.split(/[.-]/, 3).map(Number);

/** Below 0 when `a` is older than `b`. */
function compare(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)];
  const differing = left.findIndex((part, index) => part !== right[index]);
  return differing < 0 ? 0 : (left[differing] ?? 0) - (right[differing] ?? 0);
}

test.each(Object.entries(FLOORS))("%s is %s or newer", (name, floor) => {
  const versions = versionsOf(name);
  expect(versions.length).toBeGreaterThan(0);
  for (const version of versions) {
    expect(compare(version, floor), `${name} ${version}`).toBeGreaterThanOrEqual(0);
  }
});

test("versions are compared number by number", () => {
  expect(compare("6.6.9", "6.6.10")).toBeLessThan(0);
  expect(compare("7.0.0", "6.6.10")).toBeGreaterThan(0);
  expect(compare("8.21.1", "8.21.1")).toBe(0);
});
