/**
 * Messages to the other nodes, each once and in order. They are numbered for each receiver and kept until it has
 * confirmed them: what Redis forgets in a restart, or may have got when a connection was lost, is sent again.
 */

import { randomBytes } from "node:crypto";
import type { RedisConnection } from "./connection.ts";
import type { Entry } from "./reader.ts";
import { KEY_TTL_MS, MAX_INBOX } from "./scripts.ts";

/** A message to peers of another node. */
export interface Message {
  /** The room that the receivers are in, and their ids. */
  readonly room: string;
  readonly ids: readonly string[];
  /** The peer that it is from, or about; "" if there is none. */
  readonly peer: string;
  readonly event: string;
  readonly text: string;
}

/** Most bytes that wait for confirmation, for each node. Beyond that, the oldest are lost. */
const MAX_KEPT_BYTES = 33_554_432;
/** Most bytes of these in the inbox of a node. */
const MAX_SENT_BYTES = 8_388_608;

/** So often an inbox that is sent to is kept from expiring. */
const TOUCH_MS = 60_000;
/** What isn't confirmed by then is sent again. */
const UNCONFIRMED_MS = 5_000;

interface Link {
  /** Tells it from one to the same node that was forgotten. */
  readonly name: string;
  /** The number of the last message. */
  last: number;
  /** Messages that aren't confirmed, and their bytes. */
  readonly kept: Message[];
  bytes: number;
  /** How many of them were sent on this connection, and their bytes. */
  sent: number;
  sentBytes: number;
  /** When something was sent or confirmed last. */
  activeAtMs: number;
  /** When the inbox was kept from expiring. */
  touchedAtMs: number;
}

/** The links to all other nodes, by their name. */
export class Outgoing {
  private readonly links = new Map<string, Link>();
  private readonly connection: RedisConnection;
  private isScheduled = false;

  constructor(connection: RedisConnection) {
    this.connection = connection;
  }

  /** What isn't confirmed, of all nodes. */
  get unconfirmed(): { unconfirmedMessages: number; unconfirmedBytes: number } {
    const total = { unconfirmedMessages: 0, unconfirmedBytes: 0 };
    for (const { kept, bytes } of this.links.values()) {
      total.unconfirmedMessages += kept.length;
      total.unconfirmedBytes += bytes;
    }
    return total;
  }

  /** Sends a message, behind those before it; when Redis can't be reached, later. */
  send(node: string, message: Message): void {
    const link = this.linkTo(node);
    link.last++;
    link.kept.push(message);
    link.bytes += sizeOf(message);
    while (link.bytes > MAX_KEPT_BYTES) drop(link, 1);
    if (this.isScheduled) return;
    this.isScheduled = true;
    // Those of one turn go in one write.
    setImmediate(() => this.flush());
  }

  /** Sends what wasn't sent yet. To be called before anything that others must see later. */
  flush(): void {
    this.isScheduled = false;
    if (!this.connection.isOpen) return;
    const nowMs = performance.now();
    for (const [node, link] of this.links) {
      // What was sent, or its confirmation, is lost.
      if (link.sent > 0 && nowMs - link.activeAtMs > UNCONFIRMED_MS) rewind(link);
      if (link.sent < link.kept.length) this.write(node, link);
    }
  }

  /** What isn't confirmed will be sent again: the connection is another one. */
  rewind(): void {
    for (const link of this.links.values()) rewind(link);
  }

  /** Takes the entry of a confirmation. */
  takeConfirmation(entry: Entry): void {
    const link = this.links.get(entry.get("f") ?? "");
    if (!link || link.name !== entry.get("l")) return;
    link.activeAtMs = performance.now();
    drop(link, Number(entry.get("n")) - (link.last - link.kept.length));
    this.flush();
  }

  /** Forgets a node that is gone. */
  forget(node: string): void {
    this.links.delete(node);
  }

  private linkTo(node: string): Link {
    const known = this.links.get(node);
    if (known) return known;
    const name = randomBytes(6).toString("base64url");
    const link = {
      name,
      last: 0,
      kept: [],
      bytes: 0,
      sent: 0,
      sentBytes: 0,
      activeAtMs: 0,
      touchedAtMs: 0,
    };
    rewind(link);
    this.links.set(node, link);
    return link;
  }

  private write(node: string, link: Link): void {
    const { connection } = this;
    const inbox = connection.key(`inbox:${node}`);
    const commands = connection.pipeline();
    const first = link.last - link.kept.length + 1;
    for (; link.sent < link.kept.length && link.sentBytes < MAX_SENT_BYTES; link.sent++) {
      const message = link.kept[link.sent];
      if (!message) break;
      link.sentBytes += sizeOf(message);
      const head = headOf(message, connection.node, link.name, first + link.sent);
      commands.xadd(inbox, "MAXLEN", "~", MAX_INBOX, "*", "m", head, "d", message.text);
    }
    if (commands.length === 0) return;
    link.activeAtMs = performance.now();
    if (link.activeAtMs - link.touchedAtMs > TOUCH_MS) {
      link.touchedAtMs = link.activeAtMs;
      commands.pexpire(inbox, KEY_TTL_MS);
    }
    commands.exec().then(
      (results) => {
        // Redis has refused some, as without memory. With the next renewal they are sent again; if others behind them
        // were taken, that is a gap.
        if (results?.some(([error]) => error)) rewind(link);
      },
      () => {},
    );
  }
}

/** Who it is from, its number, and who it is for: in one text, since each field of an entry costs both ends time. */
function headOf(message: Message, node: string, link: string, number: number): string {
  const { room, ids, peer, event } = message;
  return `${node} ${link} ${number} ${room} ${peer} ${event} ${ids.join(",")}`;
}

/** Drops the first messages that are kept. */
function drop(link: Link, count: number): void {
  if (count <= 0) return;
  for (const [index, message] of link.kept.splice(0, count).entries()) {
    const size = sizeOf(message);
    link.bytes -= size;
    if (index < link.sent) link.sentBytes -= size;
  }
  link.sent = Math.max(0, link.sent - count);
}

function rewind(link: Link): void {
  link.sent = 0;
  link.sentBytes = 0;
  link.touchedAtMs = Number.NEGATIVE_INFINITY;
}

/** About the bytes that a message takes in Redis. */
export const sizeOf = ({ ids, text }: Message) => text.length + 32 * ids.length;
