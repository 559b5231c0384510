/** Both packages as somebody installs them: their tarballs, each in an empty folder of its own. */

import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll } from "vitest";
import webpack from "webpack";
import { temporaryFolder } from "./files.ts";

const ROOT = join(import.meta.dirname, "../..");

/**
 * Packs what is built; gives the names of the tarballs, and where each is installed.
 *
 * @param besideServer other packages for the server's folder
 */
export function installPackages(besideServer: string[] = []) {
  const packed = temporaryFolder(afterAll);
  run("node", [".ci/pack.mjs", packed], ROOT);
  const tarballs = readdirSync(packed).filter((file) => file.endsWith(".tgz"));
  const install = (name: RegExp, beside: string[] = []) => {
    const folder = temporaryFolder(afterAll);
    writeFileSync(join(folder, "package.json"), '{ "private": true }');
    const tarball = join(packed, tarballs.find((file) => name.test(file)) ?? "");
    run(
      "npm",
      ["install", "--prefer-offline", "--no-audit", "--no-fund", tarball, ...beside],
      folder,
    );
    return folder;
  };
  const client = install(/^roomrelay-client-/);
  return { tarballs, client, server: install(/^roomrelay-\d/, besideServer) };
}

/** Runs a program of npm's in a folder; gives what it prints, throws if it fails. */
export function run(command: string, args: string[], cwd: string): string {
  // npm is a script on Windows.
  const shell = process.platform === "win32";
  return execFileSync(command, args, { cwd, shell, encoding: "utf8", stdio: "pipe" });
}

/** Module resolution, and a file that TypeScript takes for an ES module or for CommonJS. */
export const RESOLUTIONS = [
  { file: "main.mts", module: "esnext", moduleResolution: "bundler" },
  { file: "main.mts", module: "node16", moduleResolution: "node16" },
  { file: "main.mts", module: "nodenext", moduleResolution: "nodenext" },
  { file: "main.cts", module: "nodenext", moduleResolution: "nodenext" },
];

/** Type-checks one file, the declarations of its packages included. */
export function typeCheck(
  folder: string,
  source: string,
  { file, ...resolution }: (typeof RESOLUTIONS)[0],
): void {
  writeFileSync(join(folder, file), source);
  const compilerOptions = {
    ...resolution,
    strict: true,
    noEmit: true,
    verbatimModuleSyntax: true,
    target: "es2022",
    lib: ["es2024", "dom", "dom.iterable"],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [file] }));
  run(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc")], folder);
}

/** Bundles one file for browsers with webpack; gives the bundle's path. */
export async function bundleByWebpack(context: string, file: string): Promise<string> {
  const output = { path: join(context, "webpack"), filename: `${file}.js` };
  const stats = await new Promise<webpack.Stats | undefined>((resolve, reject) => {
    webpack({ context, entry: `./${file}`, mode: "production", output }, (error, stats) =>
      error ? reject(error) : resolve(stats),
    );
  });
  if (stats?.hasErrors() || stats?.hasWarnings()) throw new Error(stats.toString());
  return join(output.path, output.filename);
}

/** Bundles one file with Vite, as a page's script; gives the bundle's path. */
export function bundleByVite(folder: string, file: string): string {
  writeFileSync(join(folder, "index.html"), `<script type="module" src="/${file}"></script>`);
  run(process.execPath, [join(ROOT, "node_modules/vite/bin/vite.js"), "build"], folder);
  const [bundle = ""] = readdirSync(join(folder, "dist/assets"));
  return join(folder, "dist/assets", bundle);
}
