/** The metrics of a node that has its rooms in Redis. */

import { Counter, Gauge, type Registry } from "prom-client";

/** The state of the registry in Redis. */
export interface RedisStatus {
  readonly isAvailable: boolean;
  /** Nodes that have renewed their lease in time, this one included. */
  readonly nodes: number;
  /** Since the last answered renewal of this node's lease. */
  readonly leaseAgeMs: number;
  /** How long the entries that were read last had been in the inbox. */
  readonly inboxLagMs: number;
  /** Messages to other nodes that these haven't confirmed. */
  readonly unconfirmedMessages: number;
  readonly unconfirmedBytes: number;
  /** Failed connections and refused commands since the start. */
  readonly errors: number;
}

/** Gauges and a counter, read as they are. */
export class RedisMetrics {
  private readonly gauges;
  private readonly errors: Counter;

  constructor(registry: Registry, prefix: string) {
    const registers = [registry];
    const gauge = (name: string, help: string) =>
      new Gauge({ name: `${prefix}redis_${name}`, help, registers });
    this.gauges = {
      up: gauge("up", "1 if Redis answers, else 0."),
      nodes: gauge("nodes", "Nodes with a valid lease."),
      leaseAge: gauge("lease_age_seconds", "Since this node's lease was renewed."),
      inboxLag: gauge("inbox_lag_seconds", "How old what was read last already was."),
      messages: gauge("unconfirmed_messages", "Messages that other nodes haven't confirmed."),
      bytes: gauge("unconfirmed_bytes", "The same in bytes."),
    };
    const help = "Failed connections and refused commands.";
    this.errors = new Counter({ name: `${prefix}redis_errors_total`, help, registers });
  }

  set(status: RedisStatus): void {
    const { up, nodes, leaseAge, inboxLag, messages, bytes } = this.gauges;
    up.set(status.isAvailable ? 1 : 0);
    nodes.set(status.nodes);
    leaseAge.set(status.leaseAgeMs / 1_000);
    inboxLag.set(status.inboxLagMs / 1_000);
    messages.set(status.unconfirmedMessages);
    bytes.set(status.unconfirmedBytes);
    this.errors.reset();
    this.errors.inc(status.errors);
  }
}
