/** What compose.yaml says, checked against the server and run by the programs that it is for, without Docker. */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { Redis } from "ioredis";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { lacksBalancers } from "../../support/balancer.ts";
import { documentedLines, lacksCoturn, ownAddress } from "../../support/coturn.ts";
import {
  configurationOf,
  DEPLOY,
  interpolate,
  milliseconds,
  readDeployFile,
  readYaml,
  SECRET,
} from "../../support/deploy-files.ts";
import { parseDockerfile } from "../../support/dockerfile.ts";
import { temporaryFolder } from "../../support/files.ts";
import { check } from "../../support/ice-check.ts";
import { findProgram } from "../../support/programs.ts";
import { lacksRedis, RedisServer } from "../../support/redis.ts";
import { startServer } from "../../support/server.ts";

const DOMAIN = "signaling.example.com";
const ENV = { DOMAIN, RESUME_SECRET: SECRET, TURN_SECRET: "a-secret-of-coturn" };
const NODES = ["node1", "node2"];

const compose = readYaml("compose.yaml");
const { services, networks } = interpolate(compose, ENV);
const turnLines = readDeployFile("turnserver.conf")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));

/** Starts a program until the test ends; gives what reads its output. */
function run(name: string, args: string[], env: Record<string, string> = {}): () => string {
  const child = spawn(findProgram(name) ?? "", args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
  }
  const ended = once(child, "close");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return () => log;
}

describe("compose.yaml", () => {
  test.each(Object.keys(ENV))("says what to do if %s is missing", (name) => {
    const missing = { ...ENV, [name]: "" };
    expect(() => interpolate(compose, missing)).toThrow(new RegExp(`^${name}: set it in .env to`));
  });

  test.each(NODES)("gives %s options that the server takes, and the time to drain", (name) => {
    const { environment, stop_grace_period } = services[name];
    const { drainDelayMs, drainTimeoutMs } = configurationOf(
      Object.fromEntries(Object.entries(environment).map(([key, set]) => [key, String(set)])),
    );
    expect(milliseconds(stop_grace_period)).toBeGreaterThan(drainDelayMs + drainTimeoutMs);
  });

  test.each(Object.keys(services))("takes from %s what it doesn't need", (name) => {
    const { read_only, cap_drop, cap_add = [], security_opt } = services[name];
    expect({ read_only, cap_drop, security_opt }).toEqual({
      read_only: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
    });
    expect(["", "NET_BIND_SERVICE"]).toContain(cap_add.join());
  });

  test("names files, services, networks and ports that are there", () => {
    const { build } = services.node1;
    expect(existsSync(join(DEPLOY, build.context, build.dockerfile))).toBe(true);
    const files = Object.values<{ volumes?: string[] }>(services)
      .flatMap(({ volumes = [] }) => volumes.map((volume) => volume.split(":")[0] ?? ""))
      .filter((source) => source.startsWith("."));
    expect(files.sort()).toEqual(["./Caddyfile", "./turnserver.conf"]);
    for (const file of files) expect(existsSync(join(DEPLOY, file)), file).toBe(true);

    const instructions = parseDockerfile(readDeployFile("Dockerfile"));
    const exposed = instructions.find(({ name }) => name === "EXPOSE")?.value;
    const nodes = NODES.map((name) => `${name}:${exposed}`);
    expect(services.caddy.environment).toEqual({ SITE: DOMAIN, NODES: nodes.join(" ") });
    expect(services.node1.environment.REDIS_URL).toBe("redis://redis:6379");
    const { STUN_URLS, TURN_URLS, TURN_SECRET } = services.node1.environment;
    const [, port] = turnLines.find((line) => line.startsWith("listening-port="))?.split("=") ?? [];
    for (const url of `${STUN_URLS},${TURN_URLS}`.split(",")) expect(url).toContain(`:${port}`);
    expect(services.coturn.command).toContain(`--static-auth-secret=${TURN_SECRET}`);
    expect(readDeployFile("compose.yaml")).toContain(
      turnLines
        .filter((line) => /^m(in|ax)-port=/.test(line))
        .map((line) => line.split("=")[1])
        .join(" to "),
    );
    expect(services.redis.networks).toEqual(["back"]);
    expect(networks.back).toEqual({ internal: true });
    expect(services.node1.networks).toEqual(["front", "back"]);
    expect(services.caddy.networks).toEqual(["front"]);
  });
});

test.skipIf(lacksRedis())(
  "redis-server takes its options, and nodes are ready with it",
  async () => {
    const [program, ...options] = services.redis.command;
    expect(program).toBe("redis-server");
    const redis = await RedisServer.start(onTestFinished, options);
    const client = new Redis(redis.url);
    onTestFinished(() => client.disconnect());
    // The first two the test sets itself.
    expect(options.join(" ")).toContain("--save  --appendonly no");
    const values = await client.config("GET", "maxmemory*", "save", "appendonly");
    for (const value of ["noeviction", String(256 * 2 ** 20), "", "no"]) {
      expect(values).toContain(value);
    }
  },
);

describe.skipIf(lacksCoturn())("turnserver.conf", () => {
  test("has the lines of TURN.md, besides those that differ from one machine to another", () => {
    const own = /^(realm|tls-listening-port|cert|pkey|no-tlsv1|no-tlsv1_1|static-auth-secret)(=|$)/;
    const documented = documentedLines().filter((line) => line !== "" && !line.startsWith("#"));
    expect(turnLines).toEqual(documented.filter((line) => !own.test(line)));
    expect(documented.filter((line) => own.test(line))).toHaveLength(7);
  });

  test("with compose's options, coturn relays for whoever has the secret, and for nobody else", async () => {
    const address = ownAddress();
    const folder = temporaryFolder();
    const [conf] = services.coturn.volumes[0].split(":");
    const log = run("turnserver", [
      ...["-c", join(DEPLOY, conf)],
      ...services.coturn.command.filter((option: string) => !option.startsWith("--pidfile")),
      ...[`--pidfile=${join(folder, "pid")}`, `--userdb=${join(folder, "db")}`],
      ...[`--listening-ip=${address}`, `--relay-ip=${address}`, "--allow-loopback-peers"],
    ]);
    await vi.waitFor(() => expect(log()).toContain("admin thread"), { timeout: 20_000 });
    const { STUN_URLS, TURN_URLS } = interpolate(compose, { ...ENV, DOMAIN: address }).services
      .node1.environment;
    const checkWith = (TURN_SECRET: string) => check({ STUN_URLS, TURN_URLS, TURN_SECRET });
    const { code, output } = await checkWith(ENV.TURN_SECRET);
    expect(code, output).toBe(0);
    for (const wrong of ["the-same-as-TURN_SECRET", "north"]) {
      const refused = await checkWith(wrong);
      expect(refused.code).toBe(1);
      expect(refused.output).toContain("refuses the credential");
    }
  });
});

describe.skipIf(lacksBalancers())("the Caddyfile with compose's variables", () => {
  const args = ["--adapter", "caddyfile", "--config"];

  test("is for the domain, by HTTPS, and for the nodes", () => {
    const { status, stdout, stderr } = spawnSync(
      findProgram("caddy") ?? "",
      ["adapt", "--validate", ...args, join(DEPLOY, "Caddyfile")],
      { env: { ...services.caddy.environment, HOME: temporaryFolder() }, encoding: "utf8" },
    );
    expect(status, stderr).toBe(0);
    const [server] = Object.values<{ listen: string[] }>(JSON.parse(stdout).apps.http.servers);
    expect(server?.listen).toEqual([":443"]);
    for (const part of [DOMAIN, "node1:3000", "node2:3000"]) {
      expect(stdout).toContain(JSON.stringify(part));
    }
  });

  test("serves by TLS, and tells the node that it did", async () => {
    const heard: unknown[] = [];
    const { url, httpServer } = await startServer();
    httpServer.prependListener("request", (req) => {
      if (req.url === "/health") heard.push(req.headers["x-forwarded-proto"], req.headers.host);
    });
    const [address, folder] = [ownAddress(), temporaryFolder()];
    // A certificate of Caddy's own, since no authority gives one for the domain; on ports that need no privilege.
    const test =
      "local_certs\n\tskip_install_trust\n\tauto_https disable_redirects\n\thttps_port 8443";
    const file = readDeployFile("Caddyfile")
      .replace("admin off", `admin off\n\t${test}`)
      .replace(/(\{\$SITE:\S+\}) \{/, `$1 {\n\tbind ${address}`);
    writeFileSync(join(folder, "Caddyfile"), file);
    const { SITE } = services.caddy.environment;
    const env = { SITE, NODES: new URL(url).host, HOME: folder };
    const log = run("caddy", ["run", ...args, join(folder, "Caddyfile")], env);
    const ask = async () => {
      const options = { host: address, port: 8443, servername: SITE, headers: { host: SITE } };
      const asked = request({
        ...options,
        path: "/health",
        rejectUnauthorized: false,
        agent: false,
      });
      const [response] = await once(asked.end(), "response");
      response.resume();
      return response.statusCode;
    };
    await vi.waitFor(async () => expect(await ask(), log()).toBe(200), { timeout: 20_000 });
    expect(heard).toEqual(["https", SITE]);
  });
});
