/**
 * Messages to the other nodes, each once and in order. They are numbered for each receiver and kept until it has
 * confirmed them: what Redis forgets in a restart, or may have got when a connection was lost, is sent again.
 */

import type { RedisConnection } from "./connection.ts";
import type { Entry } from "./reader.ts";
import { KEY_TTL_MS, MAX_INBOX } from "./scripts.ts";

/** A message to peers of another node. */
export interface Message {
  /** The ids of the receivers. */
  readonly ids: readonly string[];
  readonly event: string;
  readonly text: string;
}

/** What an entry with a message says to its receiver. */
export type Received =
  /** It has come before. */
  | { isNew: false }
  /** `isGap`: messages before it are lost. */
  | { isNew: true; from: string; isGap: boolean; message: Message };

/** Most bytes that wait for confirmation, for each node. Beyond that, the oldest are lost. */
const MAX_KEPT_BYTES = 33_554_432;
/** So many messages are confirmed at the latest; otherwise with the next renewal of the lease. */
const CONFIRM_EVERY = 256;
/** So often the inbox that is sent to is kept from expiring. */
const TOUCH_MS = KEY_TTL_MS / 4;

interface Outgoing {
  /** The number of the last message. */
  last: number;
  /** Messages that aren't confirmed. */
  readonly kept: Message[];
  bytes: number;
  /** How many of them were sent on this connection. */
  sent: number;
  touchedAtMs: number;
}

interface Incoming {
  /** The number of the last message that has come. */
  last: number;
  confirmed: number;
}

/** The links to all other nodes. */
export class Links {
  private readonly outgoing = new Map<string, Outgoing>();
  private readonly incoming = new Map<string, Incoming>();
  private readonly connection: RedisConnection;
  private isScheduled = false;

  constructor(connection: RedisConnection) {
    this.connection = connection;
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
    for (const [node, link] of this.outgoing) {
      if (link.sent < link.kept.length) this.write(node, link);
    }
  }

  /** Sends again what isn't confirmed: the connection is another one. */
  repeat(): void {
    for (const link of this.outgoing.values()) link.sent = 0;
    this.flush();
  }

  /** Takes the entry of a message. */
  receive(entry: Entry): Received {
    const from = entry.get("f") ?? "";
    const number = Number(entry.get("n"));
    const link = this.incoming.get(from) ?? { last: 0, confirmed: 0 };
    this.incoming.set(from, link);
    if (number <= link.last) return { isNew: false };
    const isGap = number !== link.last + 1;
    link.last = number;
    if (link.last - link.confirmed >= CONFIRM_EVERY) this.confirm(from, link);
    const message = {
      ids: (entry.get("i") ?? "").split(","),
      event: entry.get("e") ?? "",
      text: entry.get("d") ?? "",
    };
    return { isNew: true, from, isGap, message };
  }

  /** Takes the entry of a confirmation. */
  takeConfirmation(entry: Entry): void {
    const link = this.outgoing.get(entry.get("f") ?? "");
    if (link) drop(link, Number(entry.get("n")) - (link.last - link.kept.length));
  }

  /** Confirms what has come since the last time; all of it, if Redis has forgotten the confirmations. */
  confirmAll(again = false): void {
    for (const [node, link] of this.incoming) {
      if (again) link.confirmed = 0;
      if (link.last > link.confirmed) this.confirm(node, link);
    }
  }

  /** Forgets a node that is gone. */
  forget(node: string): void {
    this.outgoing.delete(node);
    this.incoming.delete(node);
  }

  private linkTo(node: string): Outgoing {
    const known = this.outgoing.get(node);
    if (known) return known;
    const link = { last: 0, kept: [], bytes: 0, sent: 0, touchedAtMs: 0 };
    this.outgoing.set(node, link);
    return link;
  }

  private write(node: string, link: Outgoing): void {
    const { connection } = this;
    const inbox = connection.key(`inbox:${node}`);
    const commands = connection.pipeline();
    const first = link.last - link.kept.length + 1;
    for (let n = link.sent; n < link.kept.length; n++) {
      const { ids = [], event = "", text = "" } = link.kept[n] ?? {};
      const fields = ["t", "msg", "f", connection.node, "n", first + n];
      fields.push("i", ids.join(","), "e", event, "d", text);
      commands.xadd(inbox, "MAXLEN", "~", MAX_INBOX, "*", ...fields);
    }
    link.sent = link.kept.length;
    if (performance.now() - link.touchedAtMs > TOUCH_MS || link.touchedAtMs === 0) {
      link.touchedAtMs = performance.now();
      commands.pexpire(inbox, KEY_TTL_MS);
    }
    commands.exec().then(
      (results) => {
        // Redis has refused some, as without memory. They are sent again, in order, with the next renewal.
        if (results?.some(([error]) => error)) link.sent = 0;
      },
      () => {},
    );
  }

  private confirm(node: string, link: Incoming): void {
    if (!this.connection.isOpen) return;
    link.confirmed = link.last;
    const inbox = this.connection.key(`inbox:${node}`);
    const fields = ["t", "ack", "f", this.connection.node, "n", link.last];
    const commands = this.connection.pipeline();
    commands.xadd(inbox, "MAXLEN", "~", MAX_INBOX, "*", ...fields);
    commands.pexpire(inbox, KEY_TTL_MS);
    commands.exec().catch(() => {});
  }
}

/** Drops the first messages that are kept. */
function drop(link: Outgoing, count: number): void {
  if (count <= 0) return;
  const dropped = link.kept.splice(0, count);
  link.sent = Math.max(0, link.sent - dropped.length);
  for (const message of dropped) link.bytes -= sizeOf(message);
}

const sizeOf = ({ ids, text }: Message) => text.length + 32 * ids.length;
