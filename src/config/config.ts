/** The server's options: from environment variables to one checked, frozen object. */

import { z } from "zod";
import { readPublicKey, readSecret, type TokenKey } from "../auth/token-key.ts";
import { type IceOptions, iceFaults, turnAuthOf } from "../ice/options.ts";
import { parseIceUrl } from "../ice/url.ts";
import { integer, list, origin, proxies, readBy } from "./values.ts";

/** Somebody's configuration is wrong: one line for each fault, led by its variable. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The configuration is wrong:\n${faults.map((fault) => `  ${fault}`).join("\n")}`);
    this.faults = faults;
  }
}

const TRANSPORTS = ["polling", "websocket"] as const;
const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

/** A list of STUN or of TURN URLs. */
const iceUrls = (service: "stun" | "turn", example: string) => {
  const url = z.string().refine((text) => parseIceUrl(text)?.service === service, {
    // Before an "@" somebody may have written a password.
    error: ({ input }) =>
      `"${String(input).replace(/^.*@/, "…@")}" is none that a browser can use; write one like ${example}`,
  });
  return list.pipe(z.array(url).min(1, { error: `must name a server, like ${example}` }));
};

const options = z.object({
  PORT: integer(0, 65_535).default(3000),
  HOST: z.string().default(""),
  CORS_ORIGIN: list.pipe(z.array(origin)).default([]),
  MAX_PEERS_PER_ROOM: integer(2, 1_000).default(16),
  MAX_MESSAGE_BYTES: integer(1_024, 10_485_760).default(131_072),
  AUTH_SECRET: readBy(readSecret).optional(),
  AUTH_PUBLIC_KEY: readBy(readPublicKey).optional(),
  AUTH_AUDIENCE: z.string().default(""),
  EVENTS_PER_SECOND: integer(0, 100_000).default(50),
  EVENT_BURST: integer(10, 1_000_000).default(500),
  MAX_CONNECTIONS: integer(0, 1_000_000).default(20_000),
  MAX_CONNECTIONS_PER_ADDRESS: integer(0, 1_000_000).default(100),
  TRUST_PROXY: proxies.default(false),
  MAX_QUEUED_MESSAGES: integer(0, 1_000_000).default(10_000),
  MAX_QUEUED_BYTES: integer(0, 1_073_741_824).default(2_097_152),
  PING_INTERVAL_MS: integer(100, 300_000).default(10_000),
  PING_TIMEOUT_MS: integer(100, 300_000).default(8_000),
  TRANSPORTS: list
    .pipe(
      z
        .array(z.enum(TRANSPORTS, { error: `must be a list out of ${TRANSPORTS.join(", ")}` }))
        .min(1, { error: `must name at least one of ${TRANSPORTS.join(", ")}` }),
    )
    .default([...TRANSPORTS]),
  STUN_URLS: iceUrls("stun", "stun:stun.example.com:3478").default([]),
  TURN_URLS: iceUrls("turn", "turn:turn.example.com:3478?transport=udp").default([]),
  TURN_SECRET: z.string().optional(),
  TURN_USERNAME: z.string().optional(),
  TURN_PASSWORD: z.string().optional(),
  TURN_TTL_SECONDS: integer(1, 604_800).default(3_600),
  ICE_TRANSPORT_POLICY: z.enum(["all", "relay"], { error: "must be all or relay" }).default("all"),
  LOG_LEVEL: z
    .enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(", ")}` })
    .default("info"),
});

/** Faults of two options together. */
const schema = options.check((context) => {
  const { AUTH_SECRET, AUTH_PUBLIC_KEY, AUTH_AUDIENCE } = context.value;
  const fault = (variable: string, message: string) =>
    context.issues.push({ code: "custom", input: "", path: [variable], message });
  if (AUTH_SECRET && AUTH_PUBLIC_KEY) {
    fault("AUTH_PUBLIC_KEY", "excludes AUTH_SECRET; set the one that your tokens are signed with");
  }
  if (AUTH_AUDIENCE && !AUTH_SECRET && !AUTH_PUBLIC_KEY) {
    fault("AUTH_AUDIENCE", "does nothing without AUTH_SECRET or AUTH_PUBLIC_KEY");
  }
});

/** Every variable the server reads. `.env.example` describes each. */
export const variables = Object.keys(options.shape);

/** The server's options. Units are in the names; `.env.example` gives the defaults. */
export interface Config extends IceOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** The address to listen on; `""` is all of them. */
  readonly host: string;
  /** Origins whose pages may connect, besides the server's own; none means those of this machine. */
  readonly corsOrigins: readonly string[];
  readonly maxPeersPerRoom: number;
  readonly maxMessageBytes: number;
  /** What access tokens are checked with; without one, everybody may come in. */
  readonly tokenKey: TokenKey | undefined;
  /** What `aud` must be in a token; `""` is anything. */
  readonly tokenAudience: string;
  /** 0 sets no limit, here and in every limit below. */
  readonly eventsPerSecond: number;
  readonly eventBurst: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** Whose X-Forwarded-For to believe: Express's setting "trust proxy". */
  readonly trustProxy: boolean | number | readonly string[];
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  readonly transports: readonly (typeof TRANSPORTS)[number][];
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

/**
 * Reads the options out of environment variables. One that is unset or empty has its default.
 *
 * @throws ConfigError naming every fault at once
 */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()));
  const parsed = schema.safeParse(given);
  const issues = parsed.error?.issues ?? [];
  const faults = issues.map((issue) => `${String(issue.path[0])}: ${issue.message}`);
  faults.push(...iceFaults(given));
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults);
  const values = parsed.data;
  return Object.freeze({
    port: values.PORT,
    host: values.HOST,
    corsOrigins: Object.freeze(values.CORS_ORIGIN),
    maxPeersPerRoom: values.MAX_PEERS_PER_ROOM,
    maxMessageBytes: values.MAX_MESSAGE_BYTES,
    tokenKey: values.AUTH_SECRET ?? values.AUTH_PUBLIC_KEY,
    tokenAudience: values.AUTH_AUDIENCE,
    eventsPerSecond: values.EVENTS_PER_SECOND,
    eventBurst: values.EVENT_BURST,
    maxConnections: values.MAX_CONNECTIONS,
    maxConnectionsPerAddress: values.MAX_CONNECTIONS_PER_ADDRESS,
    trustProxy: Object.freeze(values.TRUST_PROXY),
    maxQueuedMessages: values.MAX_QUEUED_MESSAGES,
    maxQueuedBytes: values.MAX_QUEUED_BYTES,
    pingIntervalMs: values.PING_INTERVAL_MS,
    pingTimeoutMs: values.PING_TIMEOUT_MS,
    transports: Object.freeze(values.TRANSPORTS),
    stunUrls: Object.freeze(values.STUN_URLS),
    turnUrls: Object.freeze(values.TURN_URLS),
    turnAuth: Object.freeze(turnAuthOf(values)),
    turnTtlSeconds: values.TURN_TTL_SECONDS,
    iceTransportPolicy: values.ICE_TRANSPORT_POLICY,
    logLevel: values.LOG_LEVEL,
  });
}
