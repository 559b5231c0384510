import { readFileSync } from "node:fs";
import { parse } from "dotenv";
import { describe, expect, test } from "vitest";
import { ConfigError, parseConfig, variables } from "../../src/config.ts";

const example = parse(readFileSync(new URL("../../.env.example", import.meta.url)));

/** The faults that a configuration is refused with. */
function faults(env: Record<string, string>): readonly string[] {
  try {
    parseConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe("config", () => {
  test("without any variable, every option has its default", () => {
    expect(parseConfig({})).toEqual({
      port: 3000,
      host: "",
      corsOrigins: [],
      maxPeersPerRoom: 16,
      maxMessageBytes: 131_072,
      pingIntervalMs: 10_000,
      pingTimeoutMs: 8_000,
      transports: ["polling", "websocket"],
      stunUrls: [],
      turnUrls: [],
      turnAuth: { kind: "none" },
      turnTtlSeconds: 3_600,
      iceTransportPolicy: "all",
      logLevel: "info",
    });
  });

  test(".env.example names exactly the variables of the schema, each with its default", () => {
    expect(Object.keys(example).sort()).toEqual([...variables].sort());
    expect(parseConfig(example)).toEqual(parseConfig({}));
  });

  test("every variable is in the README's table", () => {
    const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    for (const variable of variables) expect(readme).toContain(`| \`${variable}\``);
  });

  test("values are read by their shape", () => {
    expect(
      parseConfig({
        PORT: "0",
        HOST: "::1",
        CORS_ORIGIN: " https://a.example ,http://b.example:8080,",
        TRANSPORTS: "websocket",
        LOG_LEVEL: "silent",
        MAX_PEERS_PER_ROOM: "2",
      }),
    ).toMatchObject({
      port: 0,
      host: "::1",
      corsOrigins: ["https://a.example", "http://b.example:8080"],
      transports: ["websocket"],
      logLevel: "silent",
      maxPeersPerRoom: 2,
    });
  });

  test("an empty value counts as none, a foreign variable is not looked at", () => {
    expect(parseConfig({ PORT: "", CORS_ORIGIN: " ", PATH: "/bin" })).toEqual(parseConfig({}));
  });

  test.each([
    ["PORT", "http"],
    ["PORT", "65536"],
    ["PORT", "-1"],
    ["PORT", "3000.5"],
    ["PORT", "0x10"],
    ["MAX_PEERS_PER_ROOM", "1"],
    ["MAX_MESSAGE_BYTES", "1e9"],
    ["PING_INTERVAL_MS", "soon"],
    ["PING_TIMEOUT_MS", "0"],
    ["TRANSPORTS", "carrier pigeon"],
    ["TRANSPORTS", ","],
    ["LOG_LEVEL", "loud"],
    ["CORS_ORIGIN", "example.com"],
    ["CORS_ORIGIN", "https://example.com/"],
    ["CORS_ORIGIN", "https://example.com/path"],
    ["CORS_ORIGIN", "https://good.example,https://*.example.com"],
    ["STUN_URLS", "stun:good.example,stun://bad.example"],
    ["STUN_URLS", "turn:a.example"],
    ["STUN_URLS", "stun:a.example?transport=udp"],
    ["STUN_URLS", ","],
    ["TURN_TTL_SECONDS", "0"],
    ["TURN_TTL_SECONDS", "604801"],
    ["ICE_TRANSPORT_POLICY", "none"],
    // What must go together is told by the variable to change.
    ["TURN_URLS", "turn:a.example"],
    ["ICE_TRANSPORT_POLICY", "relay"],
    ["TURN_SECRET", "north"],
  ])("%s=%s is a fault under that name", (variable, value) => {
    expect(faults({ [variable]: value })).toEqual([expect.stringMatching(`^${variable}: .{10}`)]);
  });

  test("all faults are listed at once", () => {
    expect(faults({ PORT: "x", PING_TIMEOUT_MS: "x", LOG_LEVEL: "x" })).toHaveLength(3);
  });

  test.each([
    ["TURN_URLS", { TURN_URLS: "stun:a.example", TURN_SECRET: "s" }],
    ["TURN_URLS", { TURN_URLS: ",", TURN_SECRET: "s", ICE_TRANSPORT_POLICY: "relay" }],
    ["TURN_SECRET", { TURN_URLS: "turn:a.example", TURN_SECRET: "s", TURN_USERNAME: "u" }],
    ["TURN_PASSWORD", { TURN_URLS: "turn:a.example", TURN_USERNAME: "u" }],
    ["TURN_USERNAME", { TURN_URLS: "turn:a.example", TURN_PASSWORD: "p" }],
  ])("a fault of %s in %j", (variable, env) => {
    expect(faults(env)).toEqual([expect.stringMatching(`^${variable}: .{10}`)]);
  });

  test("faults of several variables together are listed with the others", () => {
    const wrong = faults({ PORT: "x", TURN_USERNAME: "u", ICE_TRANSPORT_POLICY: "relay" });
    expect(wrong.map((fault) => fault.split(":")[0]).sort()).toEqual([
      "ICE_TRANSPORT_POLICY",
      "PORT",
      "TURN_PASSWORD",
      "TURN_USERNAME",
    ]);
  });

  test("no fault tells a secret", () => {
    const wrong = faults({
      STUN_URLS: "stun:ada:canary@a.example",
      TURN_URLS: "turn:ada:canary@a.example",
      TURN_SECRET: "canary",
      TURN_USERNAME: "canary",
      TURN_PASSWORD: "canary",
    });
    expect(wrong).toHaveLength(3);
    expect(wrong.join()).not.toContain("canary");
  });

  test("TURN credentials are a secret, or a name and a password", () => {
    const TURN_URLS = "turn:a.example";
    expect(parseConfig({ TURN_URLS, TURN_SECRET: "s" }).turnAuth).toEqual({
      kind: "secret",
      secret: "s",
    });
    expect(parseConfig({ TURN_URLS, TURN_USERNAME: "u", TURN_PASSWORD: "p" }).turnAuth).toEqual({
      kind: "fixed",
      username: "u",
      password: "p",
    });
  });

  test("the result can't be changed", () => {
    const config = parseConfig({});
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.corsOrigins)).toBe(true);
    expect(Object.isFrozen(config.transports)).toBe(true);
    expect(Object.isFrozen(config.stunUrls)).toBe(true);
    expect(Object.isFrozen(config.turnUrls)).toBe(true);
    expect(Object.isFrozen(config.turnAuth)).toBe(true);
  });
});
