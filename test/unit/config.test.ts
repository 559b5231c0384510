import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { parse } from "dotenv";
import { describe, expect, test } from "vitest";
import { ConfigError, parseConfig, variables } from "../../src/config/config.ts";

const example = parse(readFileSync(new URL("../../.env.example", import.meta.url)));

/** A key the way it is handed on, in PEM. */
function pem(key: KeyObject): string {
  return String(key.export({ format: "pem", type: key.type === "public" ? "spki" : "pkcs8" }));
}

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
      tokenKey: undefined,
      tokenAudience: "",
      eventsPerSecond: 50,
      eventBurst: 500,
      maxConnections: 20_000,
      maxConnectionsPerAddress: 100,
      trustProxy: false,
      maxQueuedMessages: 10_000,
      maxQueuedBytes: 2_097_152,
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
    ["AUTH_SECRET", "shorter than 32 bytes"],
    ["AUTH_SECRET", pem(generateKeyPairSync("ed25519").publicKey)],
    ["AUTH_PUBLIC_KEY", "shorter than a key"],
    ["AUTH_PUBLIC_KEY", pem(generateKeyPairSync("ed25519").privateKey)],
    ["AUTH_PUBLIC_KEY", pem(generateKeyPairSync("x25519").publicKey)],
    ["AUTH_PUBLIC_KEY", pem(generateKeyPairSync("ec", { namedCurve: "secp256k1" }).publicKey)],
    ["AUTH_PUBLIC_KEY", pem(generateKeyPairSync("rsa", { modulusLength: 1_024 }).publicKey)],
    ["AUTH_AUDIENCE", "https://signaling.example"],
    ["EVENTS_PER_SECOND", "many"],
    ["EVENT_BURST", "9"],
    ["MAX_CONNECTIONS", "-1"],
    ["TRUST_PROXY", "the one in front"],
    ["TRUST_PROXY", "10.0.0.0/33"],
    ["TRUST_PROXY", "loopback,somewhere"],
    ["TRUST_PROXY", "100"],
    ["TRUST_PROXY", "1, loopback"],
    ["MAX_QUEUED_MESSAGES", "1e3"],
    ["MAX_QUEUED_BYTES", "1 MB"],
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

  test.each([
    ["ed25519", {}, "EdDSA"],
    ["ec", { namedCurve: "prime256v1" }, "ES256"],
    ["rsa", { modulusLength: 2_048 }, "RS256"],
  ])("AUTH_PUBLIC_KEY with a key of kind %s %j means %s", (kind, options, algorithm) => {
    // The overloads of generateKeyPairSync can't be chosen by a variable.
    const { publicKey } = generateKeyPairSync(kind as "ec", options as { namedCurve: string });
    const onOneLine = pem(publicKey).replaceAll("\n", "\\n");
    for (const text of [pem(publicKey), onOneLine]) {
      const { tokenKey } = parseConfig({ AUTH_PUBLIC_KEY: text });
      expect(tokenKey?.algorithm).toBe(algorithm);
      expect(tokenKey?.key.equals(publicKey)).toBe(true);
    }
  });

  test("AUTH_SECRET means HS256, and doesn't go with AUTH_PUBLIC_KEY", () => {
    const AUTH_SECRET = "a secret of no less than 32 bytes";
    const { tokenKey } = parseConfig({ AUTH_SECRET });
    expect(tokenKey?.algorithm).toBe("HS256");
    expect(JSON.stringify(tokenKey)).not.toContain("secret of");
    const AUTH_PUBLIC_KEY = pem(generateKeyPairSync("ed25519").publicKey);
    expect(faults({ AUTH_SECRET, AUTH_PUBLIC_KEY })).toEqual([
      expect.stringMatching(/^AUTH_PUBLIC_KEY: /),
    ]);
  });

  test.each([
    ["true", true],
    ["false", false],
    ["2", 2],
    ["loopback, 10.0.0.0/8,::1", ["loopback", "10.0.0.0/8", "::1"]],
  ])("TRUST_PROXY=%s is Express's %j", (text, expected) => {
    expect(parseConfig({ TRUST_PROXY: text }).trustProxy).toEqual(expected);
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
