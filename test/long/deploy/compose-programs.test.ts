/** The command lines and files that compose.yaml gives its programs, run by those, without Docker. */

import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { Redis } from "ioredis";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { lacksBalancers } from "../../support/balancer.ts";
import { lacksCoturn, ownAddress } from "../../support/coturn.ts";
import { DEPLOY, interpolate, readDeployFile, readYaml } from "../../support/deploy-files.ts";
import { temporaryFolder } from "../../support/files.ts";
import { check } from "../../support/ice-check.ts";
import { findProgram } from "../../support/programs.ts";
import { lacksRedis, RedisServer } from "../../support/redis.ts";
import { runProgram } from "../../support/run-program.ts";
import { startServer } from "../../support/server.ts";

const DOMAIN = "signaling.example.com";
const ENV = { DOMAIN, RESUME_SECRET: "unused", TURN_SECRET: "a-secret-of-coturn" };

const compose = readYaml("compose.yaml");
const { services } = interpolate(compose, ENV);

test.skipIf(lacksRedis())("redis-server takes the options, and keeps nothing", async () => {
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
});

describe.skipIf(lacksCoturn())("turnserver.conf", () => {
  test("with compose's options, coturn relays for whoever has the secret, and for nobody else", async () => {
    const address = ownAddress();
    const folder = temporaryFolder();
    const { command, volumes } = services.coturn;
    const [conf, inside] = volumes[0].split(":");
    const options: string[] = command.filter((option: string) => !option.startsWith("--pidfile"));
    const log = runProgram("turnserver", [
      ...options.map((option) => (option === inside ? join(DEPLOY, conf) : option)),
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
    const log = runProgram("caddy", ["run", ...args, join(folder, "Caddyfile")], env);
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
