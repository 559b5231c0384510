/**
 * What the server counts, in Prometheus' conventions. No label has a value that a client chooses. OPERATIONS.md says
 * what each means.
 */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { CALL_FAILURES, CALL_PATHS } from "../protocol/call-report.ts";
import { RedisMetrics, type RedisStatus } from "./redis-metrics.ts";

/** What is read when the metrics are asked for. */
export interface Status {
  /** By transport. */
  readonly connections: Readonly<Record<string, number>>;
  readonly rooms: number;
  readonly peers: number;
  readonly seatsAway: number;
  readonly queuedMessages: number;
  readonly queuedBytes: number;
  readonly outboxBytes: number;
  readonly logLinesDropped: number;
  readonly redis: RedisStatus | undefined;
}

const PREFIX = "roomrelay_";
/** Gauges of prom-client that are named like counters. The same by type are there under other names. */
const MISNAMED = ["handles", "requests", "resources"].map((what) => `nodejs_active_${what}_total`);
const REFUSED = "too_many too_many_from_address foreign_origin jsonp closing unauthorized".split(
  " ",
);
const CUT_OFF = ["flood", "slow", "expired"];
const RESUMED = ["ok", "gap", "resume_failed", "unavailable", "forbidden"];
const RELAY_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1];
const CONNECT_SECONDS = [0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];
const CALL_SECONDS = [10, 60, 300, 900, 1_800, 3_600, 7_200, 14_400];

/** All metrics of a server. */
export class Metrics {
  private readonly registry = new Registry();

  readonly events = this.counter("events_total", "Events of clients, by what became of them.", [
    "event",
    "outcome",
  ]);
  readonly delivered = this.counter(
    "delivered_messages_total",
    "Relayed messages: one for each peer that an offer, an answer, or a message with candidates was sent to.",
    ["event"],
  );
  readonly relay = this.histogram(
    "relay_duration_seconds",
    "From the arrival of an offer, an answer or candidates until it was sent on.",
    RELAY_SECONDS,
  );
  readonly joined = this.counter("peers_joined_total", "Peers that have taken a seat in a room.");
  readonly left = this.counter("peers_left_total", "Peers that have given up their seat.");
  readonly away = this.counter("peers_away_total", "Peers whose connection was lost, seat kept.");
  readonly resumes = this.counter("resumes_total", "Seats taken over, by what became of them.", [
    "outcome",
  ]);
  readonly received = this.counter("received_bytes_total", "Bytes of packets from clients.");
  readonly sent = this.counter("sent_bytes_total", "Bytes of packets to clients.");
  readonly refused = this.counter("refused_connections_total", "Refused connections, by reason.", [
    "reason",
  ]);
  readonly cutOff = this.counter("cut_offs_total", "Connections that were cut off, by reason.", [
    "reason",
  ]);
  readonly removed = this.counter("removed_peers_total", "Peers removed on demand, by code.", [
    "code",
  ]);
  readonly faults = this.counter("faults_total", "Errors of the server; the log has each.");

  readonly linkEnds = this.counter(
    "link_ends_total",
    "What clients claim: ends of connections between peers (each has two), by outcome, path and reason.",
    ["outcome", "path", "reason"],
  );
  readonly linkConnect = this.histogram(
    "link_connect_duration_seconds",
    "What clients claim: how long an end of a connection between peers took to connect, or to fail.",
    CONNECT_SECONDS,
    ["outcome", "path"],
  );
  readonly linkDuration = this.histogram(
    "link_duration_seconds",
    "What clients claim: how long an end of a connection between peers was connected.",
    CALL_SECONDS,
    ["path"],
  );

  private readonly connections = this.gauge("connections", "Open connections.", ["transport"]);
  private readonly rooms = this.gauge("rooms", "Rooms with peers of this node.");
  private readonly peers = this.gauge("peers", "Peers of this node in rooms.");
  private readonly seatsAway = this.gauge("seats_away", "Peers without a connection, seat kept.");
  private readonly queuedMessages = this.gauge("queued_messages", "Packets that wait for clients.");
  private readonly queuedBytes = this.gauge("queued_bytes", "Bytes that wait for clients.");
  private readonly outboxBytes = this.gauge(
    "outbox_bytes",
    "Bytes kept until clients have certainly got them.",
  );
  private readonly logLinesDropped = this.counter(
    "log_lines_dropped_total",
    "Lines that the log's reader was too slow for.",
  );
  private redis: RedisMetrics | undefined;

  /** @param version of the server */
  constructor(version: string) {
    this.gauge("build_info", "1; the label says which version this is.", ["version"]).set(
      { version },
      1,
    );
    collectDefaultMetrics({ register: this.registry });
    this.beginAtZero();
    for (const name of MISNAMED) this.registry.removeSingleMetric(name);
  }

  /** What has labels of a fixed set begins at 0: Prometheus doesn't see a first increase from nothing. */
  private beginAtZero(): void {
    for (const reason of REFUSED) this.refused.inc({ reason }, 0);
    for (const reason of CUT_OFF) this.cutOff.inc({ reason }, 0);
    for (const code of ["removed", "room_closed"]) this.removed.inc({ code }, 0);
    for (const outcome of RESUMED) this.resumes.inc({ outcome }, 0);
    for (const path of CALL_PATHS) {
      this.linkEnds.inc({ outcome: "connected", path, reason: "" }, 0);
      this.linkEnds.inc({ outcome: "ended", path, reason: "" }, 0);
      this.linkConnect.zero({ outcome: "connected", path });
      this.linkDuration.zero({ path });
    }
    for (const reason of ["", ...CALL_FAILURES]) {
      this.linkEnds.inc({ outcome: "failed", path: "", reason }, 0);
    }
    this.linkConnect.zero({ outcome: "failed", path: "" });
  }

  /** The media type of the text. */
  get contentType(): string {
    return this.registry.contentType;
  }

  /** All metrics as text, in Prometheus' format. */
  async text(status: Status): Promise<string> {
    this.connections.reset();
    for (const [transport, count] of Object.entries(status.connections)) {
      this.connections.set({ transport }, count);
    }
    this.rooms.set(status.rooms);
    this.peers.set(status.peers);
    this.seatsAway.set(status.seatsAway);
    this.queuedMessages.set(status.queuedMessages);
    this.queuedBytes.set(status.queuedBytes);
    this.outboxBytes.set(status.outboxBytes);
    this.logLinesDropped.reset();
    this.logLinesDropped.inc(status.logLinesDropped);
    if (status.redis) {
      this.redis ??= new RedisMetrics(this.registry, PREFIX);
      this.redis.set(status.redis);
    }
    return this.registry.metrics();
  }

  /** Forgets all metrics. What prom-client measures of garbage collection can't be ended. */
  close(): void {
    this.registry.clear();
  }

  private counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({ name: PREFIX + name, help, labelNames, registers: [this.registry] });
  }

  private gauge(name: string, help: string, labelNames: string[] = []): Gauge {
    return new Gauge({ name: PREFIX + name, help, labelNames, registers: [this.registry] });
  }

  private histogram(name: string, help: string, buckets: number[], labelNames: string[] = []) {
    const registers = [this.registry];
    return new Histogram({ name: PREFIX + name, help, buckets, labelNames, registers });
  }
}
