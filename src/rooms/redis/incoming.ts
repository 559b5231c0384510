/** Messages from other nodes: each is taken once, and goes to those who are still there. */

import type { RoomListeners } from "../registry.ts";
import type { RedisConnection } from "./connection.ts";
import { type Message, type Outgoing, sizeOf } from "./outgoing.ts";
import { ASK, type Questions, TELL } from "./questions.ts";
import type { Entry } from "./reader.ts";
import type { Roster } from "./roster.ts";
import { KEY_TTL_MS, MAX_INBOX } from "./scripts.ts";

/** What taking messages needs. */
export interface IncomingDeps {
  readonly connection: RedisConnection;
  readonly outgoing: Outgoing;
  readonly questions: Questions;
  readonly roster: Roster;
  readonly listeners: () => RoomListeners | undefined;
  /** Has all rooms compared with Redis. */
  compareAll(): void;
  reportFault(error: unknown): unknown;
}

interface Link {
  /** Tells it from one that the other node has forgotten. */
  readonly name: string;
  /** The number of the last message that has come, and of the last one that was confirmed. */
  last: number;
  confirmed: number;
  /** What has come since. */
  bytes: number;
}

/** So many messages or bytes are confirmed at the latest; otherwise with the next renewal of the lease. */
const CONFIRM_EVERY = { messages: 256, bytes: 1_048_576 };
/** Between nodes, beside the events for peers: messages were lost. */
const GAP = "gap";

/** The links from all other nodes, by their name. */
export class Incoming {
  private readonly links = new Map<string, Link>();
  private readonly deps: IncomingDeps;

  constructor(deps: IncomingDeps) {
    this.deps = deps;
  }

  /** Takes the entry of a message. */
  take(entry: Entry): void {
    const { roster, outgoing, compareAll, listeners } = this.deps;
    const { from, link, number, message } = read(entry);
    const isNew = this.count(from, link, number, sizeOf(message));
    if (isNew === "no") return;
    const isGap = isNew === "gap";
    const { room, event, text } = message;
    if (isGap) {
      outgoing.send(from, { room: "", ids: [], peer: "", event: GAP, text: "" });
      compareAll();
    }
    if (isGap || event === GAP) this.tellGap(from);
    if (event === ASK) this.answer(from, text);
    if (event === TELL) this.deps.questions.take(text);
    // Since it was sent, some may have left the room.
    const ids = message.ids.filter((id) => roster.roomOf(id) === room);
    if (ids.length === 0 || !this.isValid(message, from)) return;
    listeners()?.message(ids, event, text);
  }

  /** Confirms what has come since the last time; all of it again, if confirmations may be lost. */
  confirmAll(again = false): void {
    for (const [node, link] of this.links) {
      if (again) link.confirmed = 0;
      if (link.last > link.confirmed) this.confirm(node, link);
    }
  }

  /** Forgets a node that is gone. */
  forget(node: string): void {
    this.links.delete(node);
  }

  /** Whether a message is new; "gap" if there are others before it that haven't come. */
  private count(from: string, name: string, number: number, bytes: number): "yes" | "no" | "gap" {
    const known = this.links.get(from);
    const link = known?.name === name ? known : { name, last: 0, confirmed: 0, bytes: 0 };
    this.links.set(from, link);
    if (number <= link.last) {
      // The confirmation was lost.
      link.confirmed = 0;
      return "no";
    }
    const isGap = number !== link.last + 1;
    link.last = number;
    link.bytes += bytes;
    const isMuch =
      number - link.confirmed >= CONFIRM_EVERY.messages || link.bytes >= CONFIRM_EVERY.bytes;
    if (isMuch) this.confirm(from, link);
    return isGap ? "gap" : "yes";
  }

  /** Whether a message still says something: not, if its sender has left the node that it comes from. */
  private isValid({ room, peer, event, text }: Message, from: string): boolean {
    const { roster } = this.deps;
    if (peer === "") return true;
    if (roster.get(room, peer)?.node !== from) return false;
    if (event === "user_away") return roster.setAway(peer, true);
    if (event === "user_back") return roster.setAway(peer, false) || text.includes('"gap":true');
    return true;
  }

  /** Messages between this node and another one are lost. */
  private tellGap(node: string): void {
    const { roster } = this.deps;
    const pairs = roster.names.flatMap((room) => {
      const members = roster.members(room);
      const others = members.filter((member) => member.node === undefined);
      const theirs = members.filter((member) => member.node === node);
      return theirs.map((member) => [member, others] as const);
    });
    this.deps.listeners()?.gap(pairs);
  }

  private answer(node: string, text: string): void {
    const { questions, listeners, reportFault } = this.deps;
    const { asked } = listeners() ?? {};
    if (asked) questions.answer(node, text, asked).catch(reportFault);
  }

  private confirm(node: string, link: Link): void {
    const { connection } = this.deps;
    if (!connection.isOpen) return;
    link.confirmed = link.last;
    link.bytes = 0;
    const inbox = connection.key(`inbox:${node}`);
    const fields = ["t", "ack", "f", connection.node, "l", link.name, "n", link.last];
    const commands = connection.pipeline();
    commands.xadd(inbox, "MAXLEN", "~", MAX_INBOX, "*", ...fields);
    commands.pexpire(inbox, KEY_TTL_MS);
    const isLost = () => {
      link.confirmed = 0;
    };
    commands.exec().then((results) => {
      if (results?.some(([error]) => error)) isLost();
    }, isLost);
  }
}

/** Reads the entry of a message: who it is from, its number, and what it says. */
function read(entry: Entry) {
  const [from = "", link = "", number, room = "", peer = "", event = "", ids = ""] = (
    entry.get("m") ?? ""
  ).split(" ");
  const message: Message = { room, ids: ids.split(","), peer, event, text: entry.get("d") ?? "" };
  return { from, link, number: Number(number), message };
}
