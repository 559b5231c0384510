/** The packages as somebody installs them, and what can be done with them there. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import {
  bundleByVite,
  bundleByWebpack,
  installPackages,
  RESOLUTIONS,
  run,
  typeCheck,
} from "../support/packages.ts";
import { spawnServer, TestProcess } from "../support/server.ts";
import { SECRET } from "../support/tokens.ts";

const ROOT = join(import.meta.dirname, "../..");
const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

const CLIENT_TYPES = `
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
const SERVER_TYPES = `
const right: (...args: never[]) => { listen(): unknown } = createSignalingServer;
// @ts-expect-error what it creates has no such member
const wrong: (...args: never[]) => { lissten(): unknown } = createSignalingServer;
`;

const PROGRAM = `
(async () => {
  try { new SignalingClient(); } catch (error) { console.log(String(error)); }
  const signaling = new SignalingClient(process.argv[2]);
  const call = new Mesh(signaling);
  await call.join("demo", { name: "Ada" });
  console.log(call.state, "as", call.self.name);
  signaling.close();
})();
`;
/** The same program as an ES module and as CommonJS. */
const PROGRAMS: Record<string, string> = {
  "import.mjs": `import { Mesh, SignalingClient } from "roomrelay-client";${PROGRAM}`,
  "require.cjs": `const { Mesh, SignalingClient } = require("roomrelay-client");${PROGRAM}`,
};

let packages: ReturnType<typeof installPackages>;

beforeAll(() => {
  packages = installPackages();
  for (const [file, source] of Object.entries(PROGRAMS)) {
    writeFileSync(join(packages.client, file), source);
  }
}, 120_000);

const installed = (folder: string) => readdirSync(join(folder, "node_modules"));
const bin = () => join(packages.server, "node_modules/.bin/roomrelay");

describe("roomrelay-client", () => {
  test("brings socket.io-client, what that needs, and nothing else", () => {
    const list = run("npm", ["ls", "--omit=dev", "--all", "--json"], packages.client);
    const { dependencies } = JSON.parse(list);
    expect(Object.keys(dependencies)).toEqual(["roomrelay-client"]);
    expect(Object.keys(dependencies["roomrelay-client"].dependencies)).toEqual([
      "socket.io-client",
    ]);
    expect(installed(packages.client)).not.toContain("express");
    const files = readdirSync(join(packages.client, "node_modules/roomrelay-client"));
    expect(files.sort()).toEqual(["LICENSE", "README.md", "client", "package.json", "protocol"]);
  });

  test("brings its documentation, without links to files that it doesn't bring", () => {
    const readme = join(packages.client, "node_modules/roomrelay-client/README.md");
    const text = readFileSync(readme, "utf8");
    for (const name of ["roomrelay-client", "SignalingClient", "Mesh"])
      expect(text).toContain(name);
    expect(text).not.toMatch(/\]\((?!https?:|#)/);
  });

  test.each(RESOLUTIONS)("type-checks in $file by $moduleResolution", (resolution) => {
    const names = "Mesh, SignalingClient, SignalingError";
    const line = resolution.file.endsWith(".cts")
      ? `import all = require("roomrelay-client"); const { ${names} } = all; type Joined = all.Joined;`
      : `import { type Joined, ${names} } from "roomrelay-client";`;
    typeCheck(packages.client, line + CLIENT_TYPES, resolution);
  });

  test.each(Object.keys(PROGRAMS))("webpack bundles %s", async (file) => {
    const bundle = await bundleByWebpack(packages.client, file);
    expect(readFileSync(bundle, "utf8")).toContain("RTCPeerConnection");
  });

  test("Vite bundles import.mjs", () => {
    const bundle = bundleByVite(packages.client, "import.mjs");
    expect(readFileSync(bundle, "utf8")).toContain("RTCPeerConnection");
  });

  for (const file of Object.keys(PROGRAMS)) {
    const lacksRequire = file.endsWith(".cjs") && !process.features.require_module;
    const needs = lacksRequire ? " (needs Node 20.19 or newer)" : "";
    test.skipIf(lacksRequire)(`Node runs ${file}, where there is no page${needs}`, async () => {
      const { url } = await spawnServer({}, [bin()]);
      const program = new TestProcess([file, url], {}, packages.client);
      expect(await program.ended(), program.output).toBe(0);
      expect(program.output).toContain("TypeError: SignalingClient needs the URL of the server");
      expect(program.output).toContain("joined as Ada");
    });
  }
});

describe("roomrelay", () => {
  test("brings neither sources nor tests, nor what only the client or they need", () => {
    const folder = join(packages.server, "node_modules/roomrelay");
    const files = [".env.example", "LICENSE", "README.md", "dist", "package.json"];
    expect(readdirSync(folder).sort()).toEqual(files);
    expect(existsSync(join(folder, "dist/packages"))).toBe(false);
    for (const name of ["socket.io-client", "tsx", "esbuild"]) {
      expect(installed(packages.server)).not.toContain(name);
    }
  });

  test.each(RESOLUTIONS)("type-checks in $file by $moduleResolution", (resolution) => {
    const line = resolution.file.endsWith(".cts")
      ? 'import all = require("roomrelay"); const { createSignalingServer } = all;'
      : 'import { createSignalingServer } from "roomrelay";';
    typeCheck(packages.server, line + SERVER_TYPES, resolution);
  });

  test("can be imported and required, and does nothing by itself", async () => {
    const lines = ['import("roomrelay").then(show)'];
    if (process.features.require_module) lines.push('show(require("roomrelay"))');
    for (const line of lines) {
      const show = "const show = (all) => console.log(typeof all.createSignalingServer);";
      const program = new TestProcess(["-e", show + line], {}, packages.server);
      expect(await program.ended(), program.output).toBe(0);
      expect(program.output.trim()).toBe("function");
    }
  });

  test("starts, serves the page and the client, and accepts the token that it creates", async () => {
    const env = { AUTH_SECRET: SECRET };
    const { url, connect } = await spawnServer(env, [bin()]);
    expect(await (await fetch(url)).text()).toContain("<!doctype html>");
    expect((await fetch(`${url}/client.js`)).status).toBe(200);
    const minting = new TestProcess([bin(), "token", "--room", "demo"], env, packages.server);
    expect(await minting.ended(), minting.output).toBe(0);
    const ada = await connect({ auth: { token: minting.output.trim() } });
    expect(await ada.join("demo")).toMatchObject({ ok: true });
  });

  test.each([
    { args: "ice-check", code: 0, prints: "STUN_URLS" },
    { args: "--version", code: 0, prints: version },
    { args: "--help", code: 0, prints: "roomrelay ice-check" },
    { args: "ice-check --help", code: 0, prints: "roomrelay ice-check" },
    { args: "token --help", code: 0, prints: "roomrelay token --room" },
    { args: "tokn", code: 1, prints: "there is no command tokn" },
    { args: "ice-check now", code: 1, prints: "ice-check takes no arguments" },
  ])("roomrelay $args", async ({ args, code, prints }) => {
    const program = new TestProcess([bin(), ...args.split(" ")], {}, packages.server);
    expect(await program.ended(), program.output).toBe(code);
    expect(program.output).toContain(prints);
  });
});

test("the documents install the tarballs, by their names, and nothing from the registry", () => {
  const folder = join(ROOT, ".github");
  const documents = readdirSync(folder).filter((file) => file.endsWith(".md"));
  const text = [join(ROOT, "README.md"), ...documents.map((file) => join(folder, file))]
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
  const named = [...text.matchAll(/npm install (?:-\S+ )*([^\s`]*roomrelay[^\s`]*)/g)].map(
    ([, path = ""]) => path.replace(/^.*\/(?=dist\/packages\/)/, ""),
  );
  expect(new Set(named)).toEqual(new Set(packages.tarballs.map((file) => `dist/packages/${file}`)));
});
