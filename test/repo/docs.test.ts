/** The documentation: links that lead somewhere, a short README, and recipes that type-check. */

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { codeBlocks } from "../support/examples.ts";
import { temporaryFolder } from "../support/files.ts";

const ROOT = join(import.meta.dirname, "../..");
const README = "README.md";
const MAX_README_LINES = 200;

const pages = readdirSync(join(ROOT, ".github"))
  .filter((name) => name.endsWith(".md"))
  .map((name) => `.github/${name}`);
const documents = [README, ...pages, "test/load/bench/README.md"];
const read = (file: string) => readFileSync(join(ROOT, file), "utf8");

/** The text without code blocks, where `#` begins a comment and brackets are no links. */
const proseOf = (file: string) => read(file).replace(/^(`{3,}).*?^\1$/gms, "");

/** The targets of a document's links and pictures that lie in the repository. */
function linksOf(file: string): string[] {
  const prose = proseOf(file).replace(/`[^`\n]*`/g, "");
  const targets = prose.matchAll(
    /\]\(<?([^\s)>]+)[^)]*\)|^\[[^\]]+\]:\s*(\S+)|(?:href|src)="([^"]+)"/gm,
  );
  return [...targets]
    .map(([, inline, reference, html]) => inline ?? reference ?? html ?? "")
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** The file that a link of this document leads to, from the root of the repository. */
function fileOf(target: string, document: string): string {
  const [path] = target.split("#");
  return path ? relative(ROOT, join(ROOT, dirname(document), decodeURI(path))) : document;
}

/** The anchors that GitHub gives the headings of a document. */
function anchorsOf(file: string): string[] {
  const counts = new Map<string, number>();
  return [...proseOf(file).matchAll(/^#{1,6} +(.+?) *$/gm)].map(([, heading = ""]) => {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M} _-]/gu, "")
      .replaceAll(" ", "-");
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
}

/** What is wrong with a link, if anything. */
function faultOf(target: string, document: string): string | undefined {
  const file = fileOf(target, document);
  if (file.startsWith("..") || !existsSync(join(ROOT, file))) return `${target}: no such file`;
  const [, anchor] = target.split("#");
  if (anchor === undefined || anchorsOf(file).includes(anchor)) return undefined;
  return `${target}: no such heading`;
}

describe("links", () => {
  test.each(documents)("of %s lead to a file or a heading that is there", (document) => {
    const faults = linksOf(document).map((target) => faultOf(target, document));
    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
  });

  test("are found at all", () => {
    expect(documents.flatMap(linksOf).length).toBeGreaterThan(50);
  });
});

describe("the README", () => {
  test(`has at most ${MAX_README_LINES} lines`, () => {
    expect(read(README).trimEnd().split("\n").length).toBeLessThanOrEqual(MAX_README_LINES);
  });

  test.each(pages)("links to %s", (page) => {
    expect(linksOf(README).map((target) => fileOf(target, README))).toContain(page);
  });
});

test("OPERATIONS.md says of each file in .deploy what it is for", () => {
  const page = ".github/OPERATIONS.md";
  const [, section = ""] = read(page).match(/^## Deploy files\n(.*?)^## /ms) ?? [];
  const linked = [...section.matchAll(/\]\(\.\.\/\.deploy\/([^)]+)\)/g)].map(([, name]) => name);
  expect([...new Set(linked)].sort()).toEqual(readdirSync(join(ROOT, ".deploy")).sort());
});

test("the README's figures are those of BENCHMARK.md", () => {
  const row = read(".github/BENCHMARK.md").match(/^\| CPU per relayed message, µs \|.*$/m)?.[0];
  const medians = [...(row ?? "").matchAll(/\| ([\d.,]+) \(/g)].map(([, median]) => median);
  const figures = [...read(README).matchAll(/([\d.,]+) µs/g)].map(([, figure]) => figure);
  expect(figures.sort()).toEqual(medians.sort());
});

test("the examples of EMBEDDING.md type-check", () => {
  const folder = temporaryFolder();
  const examples = codeBlocks(".github/EMBEDDING.md", "js");
  expect(examples.length).toBeGreaterThan(3);
  // What several of them use and one makes.
  const shared = `import * as roomrelay from "roomrelay";
    declare global { const sessions: Function, server: import("node:http").Server, signaling: roomrelay.Signaling; }`;
  writeFileSync(join(folder, "shared.d.ts"), shared);
  for (const [index, example] of examples.entries()) {
    writeFileSync(join(folder, `example-${index}.js`), `${example}\nexport {};`);
  }
  const compilerOptions = {
    noEmit: true,
    allowJs: true,
    checkJs: true,
    strict: true,
    noImplicitAny: false,
    target: "es2022",
    module: "esnext",
    moduleResolution: "bundler",
    lib: ["es2024", "dom", "dom.iterable", "dom.asynciterable"],
    types: ["node"],
    typeRoots: [join(ROOT, "node_modules/@types")],
    allowImportingTsExtensions: true,
    paths: {
      roomrelay: [join(ROOT, "src/index.ts")],
      "roomrelay-client": [join(ROOT, "src/client/index.ts")],
      express: [join(ROOT, "node_modules/@types/express")],
    },
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions }));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
  expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
});

test("the recipes of CLIENT.md type-check", () => {
  const folder = temporaryFolder();
  const [shared = "", ...recipes] = codeBlocks(".github/CLIENT.md", "ts");
  expect(recipes.length).toBeGreaterThan(5);
  recipes.forEach((recipe, index) => {
    writeFileSync(join(folder, `recipe-${index}.ts`), `${shared}\n{\n${recipe}}\n`);
  });
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: "es2022",
    module: "esnext",
    moduleResolution: "bundler",
    lib: ["es2024", "dom", "dom.iterable", "dom.asynciterable"],
    types: [],
    allowImportingTsExtensions: true,
    paths: { "roomrelay-client": [join(ROOT, "src/client/index.ts")] },
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions }));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
  expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
});
