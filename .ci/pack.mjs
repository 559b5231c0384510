/**
 * `npm run pack`: both packages as tarballs in `dist/packages/`, or in the folder that is named.
 * The server's is this folder; the client's is put together here, so that it brings no server.
 */

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const destination = resolve(process.argv[2] ?? join(ROOT, "dist/packages"));
const client = join(destination, "client");

rmSync(client, { recursive: true, force: true });
mkdirSync(client, { recursive: true });
const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
run("node", [tsc, "-p", "src/client", "--noEmit", "false", "--outDir", client]);
writeFileSync(join(client, "package.json"), JSON.stringify(clientManifest(), null, 2));
writeFileSync(join(client, "README.md"), clientReadme());
copyFileSync(join(ROOT, "LICENSE"), join(client, "LICENSE"));

// Without scripts: `npm run pack` has just built.
for (const folder of [ROOT, client]) {
  run("npm", ["pack", "--ignore-scripts", "--pack-destination", destination], folder);
}

/** What both packages share comes from the server's manifest. */
function clientManifest() {
  const { version, license, engines, author, repository, homepage, bugs, devDependencies } =
    JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  return {
    name: "roomrelay-client",
    version,
    description: "Calls between browsers over a roomrelay server: the client and a mesh of peers.",
    keywords: ["webrtc", "signaling", "client", "mesh", "socket.io"],
    license,
    author,
    repository,
    homepage,
    bugs,
    type: "module",
    sideEffects: false,
    engines,
    // "default", not "import": `require` takes it as well.
    exports: {
      ".": { types: "./client/index.d.ts", default: "./client/index.js" },
      "./package.json": "./package.json",
    },
    files: ["client", "protocol"],
    dependencies: { "socket.io-client": devDependencies["socket.io-client"] },
  };
}

/** The README's section about the client and CLIENT.md, without links to files that stay behind. */
function clientReadme() {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const [, section] = readme.match(/^## The client\n(.*?)^## /ms) ?? [];
  if (!section) throw new Error('README.md has no section "The client"');
  const details = readFileSync(join(ROOT, ".github/CLIENT.md"), "utf8").replace(/^# .*\n/, "");
  return `# roomrelay-client\n${(section + details).replace(/\[([^\]]+)\]\((?!https?:|#)[^)]*\)/g, "$1")}`;
}

function run(command, args, cwd = ROOT) {
  // npm is a script on Windows.
  execFileSync(command, args, { cwd, stdio: "inherit", shell: process.platform === "win32" });
}
