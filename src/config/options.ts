/** The options of the server: for each its name, environment variable, kind of value, and default. */

import type { z } from "zod";
import type { Authorize } from "../auth/authorize.ts";
import { readPublicKey, readSecret } from "../auth/token-key.ts";
import { inCode, option } from "./option.ts";
import {
  adminToken,
  boolean,
  filledText,
  functionLike,
  iceUrls,
  integer,
  keyPrefix,
  listOf,
  oneOf,
  origin,
  proxies,
  readBy,
  redisUrl,
  someOf,
  text,
  urlPath,
} from "./values.ts";

const TRANSPORTS = ["polling", "websocket"] as const;
const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

/** The options. Editors show these comments for the members of `SignalingServerOptions`. */
export const OPTIONS = {
  /** TCP port to listen on; 0 takes any free one. Default: 3000. */
  port: option("PORT", integer(0, 65_535), 3000),
  /** Address to listen on; `""` means all interfaces. Default: `""`. */
  host: option("HOST", text, ""),
  /**
   * Origins whose pages may connect, like `https://app.example.com`; `*` allows every page. An empty list
   * allows any port of localhost, 127.0.0.1 and [::1], and the server's own page. Default: `[]`.
   */
  corsOrigins: option("CORS_ORIGIN", listOf(origin), []),
  /** Most peers in one room, 2 to 1,000. Default: 16. */
  maxPeersPerRoom: option("MAX_PEERS_PER_ROOM", integer(2, 1_000), 16),
  /** Most bytes in one message; a client that sends more is disconnected. Default: 131072. */
  maxMessageBytes: option("MAX_MESSAGE_BYTES", integer(1_024, 10_485_760), 131_072),
  /**
   * Secret of 32 bytes or more that access tokens are signed with (HS256). Without it, `authPublicKey` and
   * `authorize`, everybody may connect. Default: none.
   */
  authSecret: option("AUTH_SECRET", readBy(readSecret), undefined),
  /**
   * Instead of a secret: the public key, as PEM, that tokens are checked with (EdDSA, ES256 or RS256).
   * Default: none.
   */
  authPublicKey: option("AUTH_PUBLIC_KEY", readBy(readPublicKey), undefined),
  /** Audience that a token must be for, its claim `aud`; `""` allows any. Default: `""`. */
  authAudience: option("AUTH_AUDIENCE", text, ""),
  /** Events per second that one connection may send over time; 0 sets no limit. Default: 50. */
  eventsPerSecond: option("EVENTS_PER_SECOND", integer(0, 100_000), 50),
  /**
   * Events that one connection may send at once, 10 or more; a newcomer needs about 25 for each
   * peer in the room. Default: 500.
   */
  eventBurst: option("EVENT_BURST", integer(10, 1_000_000), 500),
  /** Most simultaneous connections; 0 sets no limit. Default: 20000. */
  maxConnections: option("MAX_CONNECTIONS", integer(0, 1_000_000), 20_000),
  /**
   * Most simultaneous connections from one IPv4 address or IPv6 /64; 0 sets no limit. Behind a proxy,
   * set `trustProxy` too. Default: 100.
   */
  maxConnectionsPerAddress: option("MAX_CONNECTIONS_PER_ADDRESS", integer(0, 1_000_000), 100),
  /**
   * Proxies whose X-Forwarded-For and X-Forwarded-Host are trusted, like Express's "trust proxy": their
   * number, or their addresses and ranges, `loopback`, `linklocal`, `uniquelocal`. Default: false.
   */
  trustProxy: option("TRUST_PROXY", proxies, false),
  /**
   * Most messages queued for one client; one that reads too slowly is disconnected. 0 sets no limit.
   * Default: 10000.
   */
  maxQueuedMessages: option("MAX_QUEUED_MESSAGES", integer(0, 1_000_000), 10_000),
  /**
   * Most bytes queued for one client; one that reads too slowly is disconnected. 0 sets no limit.
   * Default: 2097152.
   */
  maxQueuedBytes: option("MAX_QUEUED_BYTES", integer(0, 1_073_741_824), 2_097_152),
  /** Milliseconds between heartbeats of a connection. Default: 10000. */
  pingIntervalMs: option("PING_INTERVAL_MS", integer(100, 300_000), 10_000),
  /** Milliseconds to wait for a heartbeat's answer before a peer is disconnected. Default: 8000. */
  pingTimeoutMs: option("PING_TIMEOUT_MS", integer(100, 300_000), 8_000),
  /**
   * Milliseconds for which the seat of a peer that can resume is kept after its connection is lost; 0 switches
   * resuming off. Default: 30000.
   */
  resumeGraceMs: option("RESUME_GRACE_MS", integer(0, 3_600_000), 30_000),
  /**
   * Secret of 32 bytes or more for the tickets that peers resume with. With it, peers resume after a restart of the
   * server too; without it, each process has a random one. Default: none.
   */
  resumeSecret: option("RESUME_SECRET", readBy(readSecret), undefined),
  /** Most messages kept for a peer until it has certainly got them. Default: 512. */
  resumeMaxMessages: option("RESUME_MAX_MESSAGES", integer(1, 100_000), 512),
  /** The same in bytes. Default: 524288. */
  resumeMaxBytes: option("RESUME_MAX_BYTES", integer(1_024, 1_073_741_824), 524_288),
  /**
   * The same in bytes, for all peers together. Beyond it, those that are away longest lose theirs first.
   * Default: 67108864.
   */
  resumeMaxTotalBytes: option("RESUME_MAX_TOTAL_BYTES", integer(1_024, 2 ** 40), 67_108_864),
  /**
   * Redis by which several servers share their rooms, like `rediss://user:password@redis.example.com:6379/0`. They
   * need the same `resumeSecret`. Default: none.
   */
  redisUrl: option("REDIS_URL", redisUrl, undefined),
  /**
   * What all keys in Redis begin with, 1 to 64 characters of `A-Z a-z 0-9 . _ : { } -`. Servers with the same prefix
   * share their rooms. Default: `"roomrelay:"`.
   */
  redisPrefix: option("REDIS_PREFIX", keyPrefix, "roomrelay:"),
  /** Milliseconds after which the peers of a node that doesn't answer any more are given up. Default: 10000. */
  nodeLeaseMs: option("NODE_LEASE_MS", integer(1_000, 300_000), 10_000),
  /**
   * Milliseconds between the signal to end and the first closed connection, for a load balancer to notice that
   * `GET /ready` answers 503. Default: 0.
   */
  drainDelayMs: option("DRAIN_DELAY_MS", integer(0, 300_000), 0),
  /** Milliseconds after that delay within which all connections are closed. Default: 5000. */
  drainTimeoutMs: option("DRAIN_TIMEOUT_MS", integer(0, 300_000), 5_000),
  /** Whether peers are told the subject of each other's token or grant. Default: false. */
  shareSubject: option("SHARE_SUBJECT", boolean, false),
  /** Transports to offer. Default: `["polling","websocket"]`. */
  transports: option("TRANSPORTS", someOf(TRANSPORTS), TRANSPORTS),
  /** STUN servers for the peers, like `stun:stun.example.com:3478`. Default: `[]`. */
  stunUrls: option("STUN_URLS", iceUrls("stun", "stun:stun.example.com:3478"), []),
  /** TURN servers for the peers, like `turns:turn.example.com?transport=tcp`. Default: `[]`. */
  turnUrls: option("TURN_URLS", iceUrls("turn", "turn:turn.example.com:3478?transport=udp"), []),
  /**
   * The secret shared with the TURN servers, coturn's `static-auth-secret`; each peer gets its own
   * credential, which expires. Default: none.
   */
  turnSecret: option("TURN_SECRET", filledText, undefined),
  /** Instead of the secret: one username for all peers. Default: none. */
  turnUsername: option("TURN_USERNAME", filledText, undefined),
  /** Instead of the secret: one password for all peers; each of them sees it. Default: none. */
  turnPassword: option("TURN_PASSWORD", filledText, undefined),
  /** Seconds for which a credential made with the secret is valid, 1 to 604,800. Default: 3600. */
  turnTtlSeconds: option("TURN_TTL_SECONDS", integer(1, 604_800), 3_600),
  /**
   * `"relay"`: peers connect through the TURN server only, and don't see each other's address.
   * Default: `"all"`.
   */
  iceTransportPolicy: option("ICE_TRANSPORT_POLICY", oneOf(["all", "relay"]), "all"),
  /** TCP port of the admin listener, which has the metrics and more; 0 takes any free one. Default: none. */
  adminPort: option("ADMIN_PORT", integer(0, 65_535), undefined),
  /** Address that the admin listener listens on; one that isn't loopback needs `adminToken`. Default: `"127.0.0.1"`. */
  adminHost: option("ADMIN_HOST", filledText, "127.0.0.1"),
  /** What requests to the admin listener must show, 16 characters or more. Default: none. */
  adminToken: option("ADMIN_TOKEN", adminToken, undefined),
  /** How much to log: a pino level, or `"silent"`. Default: `"info"`. */
  logLevel: option("LOG_LEVEL", oneOf(LOG_LEVELS), "info"),
  /** Path below which Socket.IO answers; clients set the same `path`. Default: `"/socket.io"`. */
  path: inCode(urlPath, "/socket.io"),
  /**
   * Decides who may connect, by cookies or headers of the request, instead of access tokens; see
   * `Authorize`. Default: none.
   */
  authorize: inCode(functionLike<Authorize>(), undefined),
};

/** What `createSignalingServer` takes. One that is left out or undefined has its default. */
export type SignalingServerOptions = {
  readonly [Name in keyof typeof OPTIONS]?: z.input<(typeof OPTIONS)[Name]>;
};

/** The options after checking: defaults are filled in, keys are parsed. */
export type CheckedOptions = {
  readonly [Name in keyof typeof OPTIONS]: z.output<(typeof OPTIONS)[Name]>;
};

/** Every environment variable the server reads. `.env.example` describes each. */
export const variables: readonly string[] = Object.values(OPTIONS).flatMap(
  ({ variable }) => variable ?? [],
);
