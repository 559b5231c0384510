/** The package as somebody installs it: `npm pack`, an empty folder, Vite and TypeScript. */

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../support/files.ts";
import { spawnServer } from "../support/server.ts";

const APPLICATION = `
import { type Joined, Mesh, SignalingClient, SignalingError } from "webrtc-signaling-server/client";

const signaling = new SignalingClient("http://localhost:3000");
const call = new Mesh(signaling, { streams: [new MediaStream()], channels: { chat: {} } });
call.addEventListener("track", ({ peer, streams: [stream] }) => {
  const name: string = peer.name;
  document.title = name + stream?.id + peer.connection?.connectionState;
});
signaling.addEventListener("join", ({ users }) => console.log(users satisfies Joined["users"]));
// @ts-expect-error there is no such event
call.addEventListener("trak", () => {});
// @ts-expect-error a peer has no such member
call.addEventListener("peerjoin", ({ peer }) => peer.address);
call.join("demo", { name: "Ada", signal: AbortSignal.timeout(5_000) }).catch((error: unknown) => {
  if (error instanceof SignalingError && error.code === "room_full") console.log("full");
});
`;

const TSCONFIG = {
  compilerOptions: {
    strict: true,
    noEmit: true,
    target: "es2022",
    module: "esnext",
    moduleResolution: "bundler",
    lib: ["es2024", "dom", "dom.iterable"],
    types: [],
  },
  files: ["app.ts"],
};

/** The version of a package that is installed here, so that npm has it in its cache. */
function installed(name: string): string {
  const manifest = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return `${name}@${JSON.parse(readFileSync(manifest, "utf8")).version}`;
}

test("installed in an empty folder it type-checks, bundles, and starts", {
  timeout: 120_000,
}, async () => {
  const folder = temporaryFolder();
  const run = (command: string, args: string[], cwd = folder) =>
    execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const root = join(import.meta.dirname, "../..");

  // Without scripts: `npm test` has just built it.
  run(npm, ["pack", "--ignore-scripts", "--pack-destination", folder], root);
  const [tarball = ""] = readdirSync(folder);
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  writeFileSync(join(folder, "app.ts"), APPLICATION);
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(TSCONFIG));
  writeFileSync(join(folder, "index.html"), '<script type="module" src="/app.ts"></script>');
  const packages = [`./${tarball}`, installed("vite"), installed("typescript")];
  run(npm, ["install", "--prefer-offline", "--no-audit", "--no-fund", ...packages]);

  run(process.execPath, ["node_modules/typescript/bin/tsc"]);

  run(process.execPath, ["node_modules/vite/bin/vite.js", "build"]);
  const [bundle = ""] = readdirSync(join(folder, "dist/assets"));
  expect(readFileSync(join(folder, "dist/assets", bundle), "utf8")).toContain("RTCPeerConnection");

  // What `npx webrtc-signaling-server` runs.
  const bin = join(folder, "node_modules/.bin/webrtc-signaling-server");
  const server = await spawnServer({}, [bin]);
  expect(await (await fetch(server.url)).text()).toContain("<!doctype html>");
  expect((await fetch(`${server.url}/client.js`)).status).toBe(200);
  const ada = await server.connect();
  expect(await ada.join("demo")).toMatchObject({ ok: true });
});
