/** Every rule of the protocol has a test that carries its id. */

import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const here = new URL("..", import.meta.url);
const protocol = readFileSync(new URL("../.github/PROTOCOL.md", here), "utf8");
const rules = [...protocol.matchAll(/^- \[([A-Z]\d+)\]/gm)].map(([, id = ""]) => id);
const tests = readdirSync(here, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".test.ts"))
  .map((file) => readFileSync(new URL(file, here), "utf8"))
  .join("\n");
const proven = new Set([...tests.matchAll(/["'`]\[([A-Z]\d+)\] /g)].map(([, id]) => id));

test("the protocol has its rules, each once", () => {
  expect(rules.length).toBeGreaterThanOrEqual(20);
  expect(new Set(rules).size).toBe(rules.length);
});

test.each(rules)("rule %s stands in a test's name", (id) => {
  expect(proven).toContain(id);
});

test("no test names a rule that isn't there", () => {
  for (const id of proven) expect(rules).toContain(id);
});
