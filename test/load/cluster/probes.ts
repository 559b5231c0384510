/** Joins, one after another at each node, each of a room of its own: how they are answered, and how soon. */

import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, Wire } from "../../server/resume/racer.ts";
import type { Cluster } from "../../support/nodes.ts";

interface Probe {
  node: number;
  room: string;
  /** In milliseconds of performance.now(). */
  at: number;
  tookMs: number;
  /** `ok`, an error code, or `none` for no answer. */
  answer: string;
}

const PAUSE_MS = 200;
/** What isn't answered by then counts as never answered. */
const LIMIT_MS = 10_000;

export class Probes {
  readonly all: Probe[] = [];
  private readonly cluster: Cluster;
  private running: Promise<unknown> | undefined;
  private isStopping = false;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  start(): void {
    this.running = Promise.all(this.cluster.nodes.map((_, node) => this.probe(node)));
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    await this.running;
  }

  /** Those that began within this time. */
  within(from: number, to: number): Probe[] {
    return this.all.filter(({ at }) => at >= from && at < to);
  }

  /** When the last node let somebody in again, after this time. NaN if one of them never did. */
  backAt(from: number): number {
    const first = this.cluster.nodes.map((_, node) => {
      const probe = this.all.find((p) => p.node === node && p.answer === "ok" && p.at >= from);
      return probe ? probe.at + probe.tookMs : Number.NaN;
    });
    return Math.max(...first);
  }

  /** Seats, at any node, of those that were told that there is none; and joins refused now. */
  async ghosts(): Promise<number> {
    let ghosts = 0;
    for (const [n, { room, answer }] of this.all.entries()) {
      if (answer === "ok") continue;
      const wire = await Wire.open(this.cluster.url(n));
      const answered = await wire.ask("join", { room });
      if (!answered?.ok || answered.users.length > 0) ghosts++;
      wire.lose("end");
    }
    return ghosts;
  }

  private async probe(node: number): Promise<void> {
    const wire = await Wire.open(this.cluster.url(node));
    for (let n = 0; !this.isStopping; n++) {
      const room = `probe-${node}-${n}`;
      const at = performance.now();
      const asked: Promise<Answer | undefined> = wire.ask("join", { room });
      const answer = await Promise.race([asked, sleep(LIMIT_MS)]);
      const code = answer?.ok ? "ok" : (answer?.error.code ?? "none");
      this.all.push({ node, room, at, tookMs: performance.now() - at, answer: code });
      if (answer?.ok) await Promise.race([wire.ask("leave"), sleep(LIMIT_MS)]);
      await sleep(PAUSE_MS);
    }
    wire.lose("end");
  }
}
