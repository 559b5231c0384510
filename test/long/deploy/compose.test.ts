/** What compose.yaml says, checked against the server and the other files of .deploy, without Docker. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { documentedLines } from "../../support/coturn.ts";
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

const DOMAIN = "signaling.example.com";
const ENV = { DOMAIN, RESUME_SECRET: SECRET, TURN_SECRET: "a-secret-of-coturn" };
const NODES = ["node1", "node2"];

const compose = readYaml("compose.yaml");
const { services, networks } = interpolate(compose, ENV);
const turnLines = readDeployFile("turnserver.conf")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));

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

test("turnserver.conf has the lines of TURN.md, besides those that differ from one machine to another", () => {
  const own = /^(realm|tls-listening-port|cert|pkey|no-tlsv1|no-tlsv1_1|static-auth-secret)(=|$)/;
  const documented = documentedLines().filter((line) => line !== "" && !line.startsWith("#"));
  expect(turnLines).toEqual(documented.filter((line) => !own.test(line)));
  expect(documented.filter((line) => own.test(line))).toHaveLength(7);
});
