/** Reads the inbox of this node: waits for what is new, and goes on where it was when the connection was lost. */

import { setTimeout as pause } from "node:timers/promises";
import type { Redis } from "ioredis";

/** An entry of an inbox: its fields by name. */
export type Entry = ReadonlyMap<string, string>;

/** How long a read waits for entries, and how many it takes at most. */
const WAIT_MS = 2_000;
const COUNT = 256;
/** Without an answer for so long, nobody reads. */
const SILENCE_MS = 2 * WAIT_MS + 1_000;

/** What reading reports. */
export interface ReaderEvents {
  /** Redis refuses. */
  failed(error: Error): void;
  /** Entries, in order; the next ones are read when it resolves. */
  arrived(entries: readonly Entry[]): Promise<void>;
}

/** A Redis that refuses is asked again so much later. */
const REFUSED_RETRY_MS = 1_000;

/** Reads entries, in order. */
export class InboxReader {
  /** The key of the inbox; "" until it is known. */
  key = "";
  /** The id of the last entry that was read. */
  lastId = "0-0";
  /** The first entry that was read last: when it was written, by Redis, and when it was read, by performance.now(). */
  lastRead: { readonly writtenAtMs: number; readonly atMs: number } | undefined;
  private readonly connection: Redis;
  private readonly events: ReaderEvents;
  private isReading = false;
  private isRefused = false;
  private answeredAtMs = 0;

  constructor(connection: Redis, events: ReaderEvents) {
    this.connection = connection;
    this.events = events;
    connection.on("ready", () => this.read());
  }

  /** Whether Redis answers, with entries or without. */
  get isAlive(): boolean {
    return !this.isRefused && performance.now() - this.answeredAtMs < SILENCE_MS;
  }

  /** Reads an inbox from its beginning, instead of the one before. */
  begin(key: string): void {
    this.key = key;
    this.lastId = "0-0";
    // It may be waiting for entries of the one before.
    if (this.isReading) this.connection.disconnect(true);
    else void this.read();
  }

  close(): void {
    this.connection.disconnect();
  }

  private async read(): Promise<void> {
    if (this.isReading || this.key === "") return;
    this.isReading = true;
    this.answeredAtMs = performance.now();
    try {
      while (this.connection.status === "ready") await this.readOnce();
    } catch (error) {
      // An answer of Redis; otherwise the connection is lost. With the next one it goes on.
      if (error instanceof Error && error.name === "ReplyError") {
        this.isRefused = true;
        this.events.failed(error);
        await pause(REFUSED_RETRY_MS, undefined, { ref: false });
      }
      if (this.connection.status === "ready") this.connection.disconnect(true);
    } finally {
      this.isReading = false;
    }
  }

  private async readOnce(): Promise<void> {
    const { connection, key, lastId } = this;
    const options = ["COUNT", COUNT, "BLOCK", WAIT_MS, "STREAMS"] as const;
    const [stream] = (await connection.xread(...options, key, lastId)) ?? [];
    this.isRefused = false;
    this.answeredAtMs = performance.now();
    const entries = stream?.[1] ?? [];
    if (entries.length === 0) this.lastRead = undefined;
    if (entries.length === 0 || key !== this.key) return;
    this.lastId = entries.at(-1)?.[0] ?? lastId;
    const writtenAtMs = Number.parseInt(entries[0]?.[0] ?? "", 10);
    this.lastRead = { writtenAtMs, atMs: this.answeredAtMs };
    await this.events.arrived(entries.map(([, fields]) => fieldsOf(fields)));
  }
}

function fieldsOf(fields: readonly string[]): Entry {
  const entry = new Map<string, string>();
  for (let n = 0; n < fields.length; n += 2) entry.set(fields[n] ?? "", fields[n + 1] ?? "");
  return entry;
}
