import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { parse } from "dotenv";
import { describe, expect, test } from "vitest";
import { createConfig, parseConfig } from "../../src/config/config.ts";
import { OPTIONS, variables } from "../../src/config/options.ts";
import {
  ConfigError,
  createSignalingServer,
  optionsFromEnv,
  type SignalingServerOptions,
} from "../../src/index.ts";

const example = parse(readFileSync(new URL("../../.env.example", import.meta.url)));

/** A key the way it is handed on, in PEM. */
function pem(key: KeyObject): string {
  return String(key.export({ format: "pem", type: key.type === "public" ? "spki" : "pkcs8" }));
}

/** The faults of a configuration that is refused. */
function faultsOf(configure: () => unknown): readonly string[] {
  try {
    configure();
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

const faults = (env: Record<string, string>) => faultsOf(() => parseConfig(env));

/** The names that faults begin with. */
const namesIn = (faults: readonly string[]) => faults.map((fault) => fault.split(":")[0]).sort();

const SECRET = "a secret of no less than 32 bytes";

/** Names that can't be mistaken for a word. */
const camelCase = Object.keys(OPTIONS).filter((name) => /[A-Z]/.test(name));

describe("options", () => {
  test("each is named like its variable, except CORS_ORIGIN, which may be several", () => {
    for (const [name, { variable }] of Object.entries(OPTIONS)) {
      if (["path", "authorize"].includes(name)) {
        // The environment has no functions, and a PATH of its own.
        expect(variable).toBeUndefined();
        continue;
      }
      const expected = name.replace(/[A-Z]/g, "_$&").toUpperCase();
      expect(variable).toBe(name === "corsOrigins" ? "CORS_ORIGIN" : expected);
    }
  });

  test("each has a comment that tells its default", () => {
    const source = readFileSync(new URL("../../src/config/options.ts", import.meta.url), "utf8");
    const comments = source.matchAll(/\/\*\*((?:(?!\*\/).)*)\*\/\s+(\w+): (?:option|inCode)\(/gs);
    const told = [...comments].map(([, comment = "", name]) => {
      const text = comment.replace(/[\s*]+/g, " ").trim();
      return [name, text.match(/Default: `?([^`]+)`?\.$/)?.[1]];
    });
    const defaults = Object.entries(OPTIONS).map(([name, schema]) => {
      const value: unknown = schema.parse(undefined);
      return [name, value === undefined ? "none" : JSON.stringify(value)];
    });
    expect(told).toEqual(defaults);
  });
});

describe("the environment", () => {
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
      resumeGraceMs: 30_000,
      resumeKey: undefined,
      resumeMaxMessages: 512,
      resumeMaxBytes: 524_288,
      resumeMaxTotalBytes: 67_108_864,
      redisUrl: undefined,
      redisPrefix: "roomrelay:",
      nodeLeaseMs: 10_000,
      drainDelayMs: 0,
      drainTimeoutMs: 5_000,
      shareSubject: false,
      stunUrls: [],
      turnUrls: [],
      turnAuth: { kind: "none" },
      turnTtlSeconds: 3_600,
      iceTransportPolicy: "all",
      adminPort: undefined,
      adminHost: "127.0.0.1",
      adminToken: undefined,
      logLevel: "info",
      path: "/socket.io",
      authorize: undefined,
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
    ["REDIS_PREFIX", "room relay"],
    ["REDIS_PREFIX", "rooms*"],
    ["REDIS_PREFIX", "räume:"],
    ["REDIS_PREFIX", "x".repeat(65)],
    ["NODE_LEASE_MS", "999"],
    ["NODE_LEASE_MS", "300001"],
    ["NODE_LEASE_MS", "10s"],
    ["TRANSPORTS", "carrier pigeon"],
    ["TRANSPORTS", ","],
    ["LOG_LEVEL", "loud"],
    ["CORS_ORIGIN", "example.com"],
    ["CORS_ORIGIN", ","],
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
    const AUTH_SECRET = SECRET;
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
    expect(namesIn(wrong)).toEqual([
      "ICE_TRANSPORT_POLICY",
      "PORT",
      "TURN_PASSWORD",
      "TURN_USERNAME",
    ]);
    expect(namesIn(faults({ AUTH_AUDIENCE: "x", PORT: "http" }))).toEqual([
      "AUTH_AUDIENCE",
      "PORT",
    ]);
  });

  test("a fault names variables, never the options of the code", () => {
    const AUTH_PUBLIC_KEY = pem(generateKeyPairSync("ed25519").publicKey);
    const wrong = [
      ...faults({ AUTH_SECRET: AUTH_PUBLIC_KEY, AUTH_PUBLIC_KEY, TURN_URLS: "turn:a.example" }),
      ...faults({ AUTH_AUDIENCE: "x", TURN_USERNAME: "u", ICE_TRANSPORT_POLICY: "relay" }),
      ...faults({ TURN_URLS: "turn:a.example", TURN_SECRET: "s", TURN_PASSWORD: "p" }),
    ];
    expect(wrong).toHaveLength(8);
    expect(wrong.join()).not.toMatch(new RegExp(`\`|\\b(${camelCase.join("|")})\\b`));
    expect(wrong).toContain("AUTH_SECRET: is a PEM; a public key goes into AUTH_PUBLIC_KEY");
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

  test.each([
    "redis://localhost",
    "redis://localhost/",
    "redis://redis_1:6379",
    "redis://:p%40ss@127.0.0.1/15",
    "redis://[::1]:6380/2",
    "rediss://ada@redis.example.com",
    "rediss://ada:pa:ss!@redis.example.com:65535/0",
  ])("REDIS_URL may be %s", (url) => {
    expect(parseConfig({ REDIS_URL: url, RESUME_SECRET: SECRET }).redisUrl).toBe(url);
  });

  test.each([
    "canary",
    "canary:6379",
    "//ada:canary@a.example",
    "http://ada:canary@a.example",
    "redis:a.example/canary",
    "redis:///canary",
    "redis://",
    "redis:///0",
    "redis://ada:canary@",
    "redis://ada:canary@:6379",
    "redis://ada:can/ary@a.example",
    "redis://ada:can@ary@a.example",
    "redis://ada:canary%@a.example",
    "redis://ada:canary%ff@a.example",
    "redis://ada:canary@a.example:0",
    "redis://ada:canary@a.example:65536",
    "redis://ada:canary@a.example:canary",
    "redis://ada:canary@a.example/canary",
    "redis://ada:canary@a.example/0/1",
    "redis://ada:canary@a.example/-1",
    "redis://ada:canary@a.example?tls=canary",
    "redis://ada:canary@a.example#canary",
    "redis://ada:canary@[::canary]",
    "redis://ada:canary@[1:2]",
    "redis://ada:canary@a.example,b.example",
    "redis://ada:ca nary@a.example",
    // ioredis would connect without TLS.
    "REDISS://ada:canary@a.example",
    " rediss://ada:canary@a.example",
    "rediss://ada:canary@a.example\n",
  ])("REDIS_URL may not be %j, and the fault doesn't tell it", (url) => {
    for (const fault of [
      ...faults({ REDIS_URL: url, RESUME_SECRET: SECRET }),
      ...faults({ REDIS_URL: url, RESUME_GRACE_MS: "0" }),
    ]) {
      expect(fault).toBe(
        "REDIS_URL: must be a URL like rediss://user:password@redis.example.com:6379/0, with user and password percent-encoded",
      );
    }
    expect(faults({ REDIS_URL: url, RESUME_SECRET: SECRET })).toHaveLength(1);
    const all = faults({ REDIS_URL: url, REDIS_PREFIX: "*", PORT: "x" });
    expect(namesIn(all)).toEqual(["PORT", "REDIS_PREFIX", "REDIS_URL", "REDIS_URL"]);
    expect(all.join()).not.toMatch(/ca ?n|ada|a\.example/);
  });

  test("REDIS_URL needs RESUME_SECRET, unless nobody resumes", () => {
    const REDIS_URL = "redis://localhost";
    const needsSecret =
      "REDIS_URL: needs RESUME_SECRET, since nodes take each other's tickets only with the same secret; set it, or RESUME_GRACE_MS to 0";
    expect(faults({ REDIS_URL })).toEqual([needsSecret]);
    expect(faults({ REDIS_URL, RESUME_GRACE_MS: "1" })).toEqual([needsSecret]);
    expect(faults({ REDIS_URL, RESUME_GRACE_MS: "0" })).toEqual([]);
    expect(faults({ REDIS_URL, RESUME_SECRET: SECRET })).toEqual([]);
  });

  test.each([
    { REDIS_PREFIX: "x", NODE_LEASE_MS: "1000" },
    { REDIS_PREFIX: "{Calls-2}.a_b:".padEnd(64, "x"), NODE_LEASE_MS: "300000" },
  ])("%j is well without REDIS_URL", (env) => {
    expect(parseConfig(env)).toEqual({
      ...parseConfig({}),
      redisPrefix: env.REDIS_PREFIX,
      nodeLeaseMs: Number(env.NODE_LEASE_MS),
    });
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
    const config = parseConfig({ AUTH_SECRET: SECRET });
    expect(Object.isFrozen(config)).toBe(true);
    for (const [name, value] of Object.entries(config)) {
      expect(Object.isFrozen(value), name).toBe(true);
    }
  });

  test("gives the options that are set, as values, and those alone", () => {
    const env = { PORT: "0", TRUST_PROXY: "2", CORS_ORIGIN: "https://a.example", HOST: " " };
    const options = optionsFromEnv({ ...env, AUTH_SECRET: SECRET, PATH: "/bin" });
    expect(options).toEqual({
      port: 0,
      trustProxy: 2,
      corsOrigins: ["https://a.example"],
      authSecret: SECRET,
    });
    expect(createConfig(options).tokenKey?.algorithm).toBe("HS256");
    expect(optionsFromEnv({})).toEqual({});
  });
});

describe("options given in code", () => {
  /** Called from JavaScript, where no type is checked. */
  const faults = (options: unknown) =>
    faultsOf(() => createSignalingServer(options as SignalingServerOptions));

  test("those left out or undefined have their defaults", () => {
    const nothing = Object.fromEntries(Object.keys(OPTIONS).map((name) => [name, undefined]));
    const empty = { host: "", authAudience: "", corsOrigins: [], stunUrls: [], turnUrls: [] };
    for (const options of [{}, nothing, empty]) {
      expect(createConfig(options)).toEqual(parseConfig({}));
    }
  });

  test("a secret that is blank is a fault, not taken for none", () => {
    const turnUrls = ["turn:a.example"];
    expect(faults({ authSecret: "" })).toEqual([expect.stringMatching(/^authSecret: /)]);
    expect(faults({ turnUrls, turnSecret: " " })).toEqual(["turnSecret: must not be blank"]);
    expect(faults({ turnUrls, turnUsername: "u", turnPassword: " " })).toEqual([
      "turnPassword: must not be blank",
    ]);
  });

  test.each(["", 6379, null, { password: "canary" }, [["redis://:canary@a.example"]]])(
    "redisUrl: %j is told how to write one, and not repeated",
    (redisUrl) => {
      const wrong = faults({ redisUrl, resumeSecret: SECRET });
      expect(wrong).toEqual([expect.stringMatching(/^redisUrl: must be a URL like rediss:/)]);
      expect(wrong.join()).not.toContain("canary");
    },
  );

  test("are typed", () => {
    // @ts-expect-error a port is a number
    expect(() => createSignalingServer({ port: "3000" })).toThrow(ConfigError);
    // @ts-expect-error there is no such option
    expect(() => createSignalingServer({ maxPeers: 4 })).toThrow(ConfigError);
  });

  test("are values, not texts, and mean what the variables mean", () => {
    const authPublicKey = pem(generateKeyPairSync("ed25519").publicKey);
    const options = {
      port: 0,
      host: "::1",
      corsOrigins: ["https://a.example", "*"],
      authPublicKey,
      authAudience: "x",
      trustProxy: ["loopback", "10.0.0.0/8"],
      transports: ["websocket"],
      resumeGraceMs: 0,
      redisUrl: "redis://localhost",
      redisPrefix: "calls:",
      nodeLeaseMs: 5_000,
      turnUrls: ["turn:a.example"],
      turnUsername: "u",
      turnPassword: "p",
      iceTransportPolicy: "relay",
    } satisfies SignalingServerOptions;
    const env = {
      PORT: "0",
      HOST: "::1",
      CORS_ORIGIN: "https://a.example,*",
      AUTH_PUBLIC_KEY: authPublicKey,
      AUTH_AUDIENCE: "x",
      TRUST_PROXY: "loopback,10.0.0.0/8",
      TRANSPORTS: "websocket",
      RESUME_GRACE_MS: "0",
      REDIS_URL: "redis://localhost",
      REDIS_PREFIX: "calls:",
      NODE_LEASE_MS: "5000",
      TURN_URLS: "turn:a.example",
      TURN_USERNAME: "u",
      TURN_PASSWORD: "p",
      ICE_TRANSPORT_POLICY: "relay",
    };
    expect(createConfig(options)).toEqual(parseConfig(env));
    expect(createConfig({ trustProxy: 1 }).trustProxy).toBe(1);
    expect(createConfig({ trustProxy: true }).trustProxy).toBe(true);
  });

  test("all faults are listed at once, by the options' names", () => {
    const wrong = faults({ port: "x", maxPeersPerRoom: -1, authAudience: "x", turnSecret: "s" });
    expect(namesIn(wrong)).toEqual(["authAudience", "maxPeersPerRoom", "port", "turnSecret"]);
    expect(wrong.join()).not.toMatch(new RegExp(`\`|\\b(${variables.join("|")})\\b`));
    expect(wrong).toContain("turnSecret: is for a TURN server; name one in turnUrls");
  });

  test("a name that is no option is a fault, beside the others", () => {
    const wrong = faults({ port: "x", maxPeerPerRoom: 4, PORT: 0 });
    expect(namesIn(wrong)).toEqual(["PORT", "maxPeerPerRoom", "port"]);
    expect(wrong).toContain("maxPeerPerRoom: is not an option; did you mean maxPeersPerRoom?");
  });

  test.each([
    ["port", "3000"],
    ["port", 65_536],
    ["port", 0.5],
    ["port", Number.NaN],
    ["port", null],
    ["host", 1],
    ["corsOrigins", "https://a.example"],
    ["corsOrigins", ["https://a.example/path"]],
    ["corsOrigins", [1]],
    ["authPublicKey", { key: "pem" }],
    ["trustProxy", "loopback"],
    ["trustProxy", -1],
    ["trustProxy", ["somewhere"]],
    ["transports", []],
    ["stunUrls", ["turn:a.example"]],
    ["stunUrls", [3478]],
    ["redisPrefix", ""],
    ["redisPrefix", 1],
    ["nodeLeaseMs", 1_000.5],
    ["nodeLeaseMs", "10000"],
    ["logLevel", "loud"],
  ])("%s: %o is a fault under that name", (name, value) => {
    expect(namesIn(faults({ [name]: value }))).toContain(name);
  });

  test.each([[3000], ["3000"], [null], [[]]])("%o in place of the options is one", (options) => {
    expect(faults(options)).toEqual(["options: must be an object"]);
  });

  test("the result can't be changed, what was given can", () => {
    const corsOrigins = ["https://a.example"];
    const config = createConfig({ corsOrigins });
    corsOrigins.push("*");
    expect(config.corsOrigins).toEqual(["https://a.example"]);
    expect(Object.isFrozen(config.corsOrigins)).toBe(true);
  });
});
