/**
 * The leases of the nodes. A node renews its own; one that doesn't is taken for gone after a lease, and its seats are
 * given up: those of peers that can resume only after their grace on top.
 */

import { z } from "zod";
import type { RedisConnection } from "./connection.ts";

/** Options of leases. */
export interface LeaseOptions {
  readonly nodeLeaseMs: number;
  readonly resumeGraceMs: number;
}

/** What a lease reports. */
export interface LeaseEvents {
  /** After each try to renew the lease, and when none has been answered for a while. */
  renewed(): void;
  /** Others may have taken this node for gone, or Redis has forgotten what it knew: rooms are to be compared. */
  lapsed(): void;
  /** A node is gone, and all its seats. */
  gone(node: string): void;
}

/** A lease is renewed so often, in milliseconds at most. */
const MAX_INTERVAL_MS = 500;
const RENEWALS_PER_LEASE = 20;
/** Without an answer for so long, Redis counts as unavailable. */
const SILENCE_MS = 1_000;
/** An answer that took longer says too little about the time. */
const PROMPT_MS = 500;

/** Now, and when this node was last heard of, in milliseconds of Redis; the same of all nodes. */
const renewal = z.tuple([z.string(), z.string(), z.array(z.string())]);

/** Renews the lease of this node, and evicts nodes that don't renew theirs. */
export class Leases {
  private readonly connection: RedisConnection;
  private readonly options: LeaseOptions;
  private readonly events: LeaseEvents;
  private readonly timer: ReturnType<typeof setInterval>;
  /** The other nodes that have been there. */
  private readonly known = new Set<string>();
  /** Whether what Redis knows can be relied on: a lease after a restart, all nodes have told it what they know. */
  isSettled = true;
  private isAsking = false;
  /** For how long an answer is waited for, by turns of the timer: while this process itself stands still, none passes. */
  private waitedMs = 0;
  private answeredAtMs = Number.NEGATIVE_INFINITY;
  /** The time of Redis in the last answer. */
  private redisMs = 0;
  /** Since when every renewal was answered in good time. */
  private contactSinceMs = 0;
  private hasLease = false;
  private isEvicting = false;
  /** Of the last answer: when each node was last heard of, in milliseconds of Redis. */
  private heard = new Map<string, string>();

  constructor(connection: RedisConnection, options: LeaseOptions, events: LeaseEvents) {
    this.connection = connection;
    this.options = options;
    this.events = events;
    const intervalMs = Math.min(MAX_INTERVAL_MS, options.nodeLeaseMs / RENEWALS_PER_LEASE);
    this.timer = setInterval(() => {
      if (this.isAsking) this.waitedMs += intervalMs;
      void this.renew();
      events.renewed();
    }, intervalMs);
    this.timer.unref();
  }

  /** Whether Redis answers. */
  get isAvailable(): boolean {
    return this.connection.isUsable && this.waitedMs < SILENCE_MS;
  }

  /** The other nodes with a valid lease. */
  get others(): string[] {
    const isValid = (at: string) => this.redisMs - Number(at) <= this.options.nodeLeaseMs;
    return [...this.heard].flatMap(([node, at]) => (isValid(at) ? node : []));
  }

  /** Milliseconds since a renewal was answered. */
  get ageMs(): number {
    return performance.now() - this.answeredAtMs;
  }

  /** Takes the lease of a Redis that knows nothing of this node. `isFirst`: nor did any before. */
  begin(isFirst: boolean): void {
    this.hasLease = false;
    this.isSettled = isFirst;
    this.contactSinceMs = performance.now();
    void this.renew();
  }

  /** Gives the lease back; peers that can't resume are given up at once. */
  async end(): Promise<void> {
    clearInterval(this.timer);
    const { connection, options } = this;
    const heard = String(await connection.run("retire", options.nodeLeaseMs));
    await this.evict(connection.node, "p", heard);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async renew(): Promise<void> {
    if (this.isAsking || !this.connection.isOpen) return;
    this.isAsking = true;
    const askedAtMs = performance.now();
    try {
      this.take(await this.connection.run("renew"), askedAtMs);
      this.connection.accept();
    } catch (error) {
      // Otherwise the connection is lost.
      if (this.connection.isOpen) this.connection.refuse(error);
    } finally {
      this.isAsking = false;
      this.waitedMs = 0;
    }
  }

  private take(reply: unknown, askedAtMs: number): void {
    const [now, before, nodes] = renewal.parse(reply);
    const { nodeLeaseMs } = this.options;
    const redisMs = Number(now);
    const answeredAtMs = performance.now();
    if (answeredAtMs - askedAtMs < PROMPT_MS) this.connection.setClock(redisMs);
    const passedMs = answeredAtMs - this.answeredAtMs;
    // A clock that was set makes others look silent, too.
    const jumpMs = Math.abs(redisMs - this.redisMs - passedMs);
    if (Math.max(passedMs, jumpMs) > nodeLeaseMs / 4) this.contactSinceMs = answeredAtMs;
    this.answeredAtMs = answeredAtMs;
    this.redisMs = redisMs;
    this.heard = new Map();
    for (let n = 0; n < nodes.length; n += 2) this.heard.set(nodes[n] ?? "", nodes[n + 1] ?? "");
    this.heard.delete(this.connection.node);
    const hasLapsed = this.hasLease && !(redisMs - Number(before) <= nodeLeaseMs && before !== "");
    this.hasLease = true;
    if (hasLapsed) this.events.lapsed();
    // Others may have been out of contact too: for a whole lease nobody is taken for gone.
    if (answeredAtMs - this.contactSinceMs < nodeLeaseMs) return;
    if (!this.isSettled) {
      this.isSettled = true;
      this.events.lapsed();
    }
    void this.sweep(redisMs, this.heard);
  }

  /** Gives up the seats of nodes that are gone. */
  private async sweep(redisMs: number, heard: ReadonlyMap<string, string>): Promise<void> {
    const { nodeLeaseMs, resumeGraceMs } = this.options;
    for (const node of this.known) {
      if (heard.has(node)) continue;
      this.known.delete(node);
      this.events.gone(node);
    }
    for (const node of heard.keys()) this.known.add(node);
    if (this.isEvicting) return;
    this.isEvicting = true;
    try {
      for (const [node, at] of heard) {
        const silentMs = redisMs - Number(at);
        if (silentMs <= nodeLeaseMs) continue;
        await this.evict(node, "p", at);
        if (silentMs <= nodeLeaseMs + resumeGraceMs) continue;
        await this.evict(node, "r", at);
        await this.connection.run("forget", node, at);
      }
    } catch {
      // The connection is lost; with the next renewal they are tried again.
    } finally {
      this.isEvicting = false;
    }
  }

  private async evict(node: string, kind: "p" | "r", heard: string): Promise<void> {
    while (Number(await this.connection.run("evict", node, kind, heard)) > 0);
  }
}
