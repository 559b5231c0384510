/** The tickets that peers resume with: signed, so that another process with the same secret can read them. */

import { createHmac, hkdfSync, type KeyObject, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { name, room } from "../protocol/names.ts";

const content = z.object({
  /** The peer's id, room and name. */
  id: z.string(),
  room,
  name,
  candidateLists: z.boolean(),
  wantsMetadata: z.boolean(),
  /** The process that has issued it, and which of its tickets it is. */
  process: z.string(),
  serial: z.number(),
});

/** What a ticket says. */
export type Ticket = z.infer<typeof content>;

/** Which ticket of a peer it is: what is kept of those that are out. */
export type TicketNumber = Pick<Ticket, "process" | "serial">;

const HASH = "sha256";
const KEY_BYTES = 32;
const PROCESS_BYTES = 9;

/** Issues and reads tickets. */
export class Tickets {
  /** The name of this process in its tickets. */
  private readonly process = randomBytes(PROCESS_BYTES).toString("base64url");
  private readonly key: Uint8Array;
  private readonly now: () => number;
  private readonly startedAtMs: number;
  private issued = 0;
  /** The ids that came back from the process before this one. */
  private readonly restored = new Set<string>();

  /**
   * @param secret the same in processes that take each other's tickets; by default a random one
   * @param now the clock, in Unix milliseconds
   */
  constructor(secret: KeyObject | undefined, now: () => number) {
    this.now = now;
    this.startedAtMs = now();
    this.key = secret
      ? new Uint8Array(hkdfSync(HASH, secret, "", "resume ticket", KEY_BYTES))
      : randomBytes(KEY_BYTES);
  }

  /** Issues a ticket. It is bound to `subject` without containing it. */
  issue(
    peer: Omit<Ticket, "process" | "serial">,
    subject: string | undefined,
  ): { number: TicketNumber; text: string } {
    const number = { process: this.process, serial: ++this.issued };
    const payload = Buffer.from(JSON.stringify({ ...peer, ...number })).toString("base64url");
    return { number, text: `${payload}.${this.sign(payload, subject).toString("base64url")}` };
  }

  /** Reads a ticket; undefined if it is forged, another subject's, or of another version of the server. */
  read(text: string, subject: string | undefined): Ticket | undefined {
    const [payload = "", signature = ""] = text.split(".", 2);
    const given = Buffer.from(signature, "base64url");
    const right = this.sign(payload, subject);
    if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
    return content.safeParse(JSON.parse(Buffer.from(payload, "base64url").toString())).data;
  }

  /** Whether a seat of the process before may be restored: within `graceMs` after the start, each once. */
  mayRestore({ id, process }: Ticket, graceMs: number): boolean {
    const isLate = this.now() - this.startedAtMs > graceMs;
    if (isLate) this.restored.clear();
    return !isLate && process !== this.process && !this.restored.has(id);
  }

  /** A seat of the process before has been restored. */
  noteRestored(id: string): void {
    this.restored.add(id);
  }

  private sign(payload: string, subject: string | undefined): Buffer {
    return createHmac(HASH, this.key)
      .update(JSON.stringify([payload, subject ?? null]))
      .digest();
  }
}

export function numberOf({ process, serial }: Ticket): TicketNumber {
  return { process, serial };
}

/** The name of a ticket of a peer, for other nodes. */
export function nameOf({ process, serial }: TicketNumber): string {
  return `${process}.${serial}`;
}

/** Whether these are the same ticket of a peer. */
export function isSame(a: TicketNumber, b: TicketNumber): boolean {
  return a.process === b.process && a.serial === b.serial;
}
