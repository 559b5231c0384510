/** The seats whose peers are away: for how long each is kept, how many, and what all of them may hold. */

import type { OutboxTotal } from "./outbox.ts";
import type { Session } from "./session.ts";

/** Limits of waiting. */
export interface WaitingLimits {
  readonly resumeGraceMs: number;
  /** Most bytes in all outboxes, also in those of peers that are connected. */
  readonly resumeMaxTotalBytes: number;
  /** As many seats may wait as there may be connections; 0 sets no limit. */
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
}

interface Wait {
  readonly address: string | undefined;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** The sessions that are away. */
export class Waiting {
  /** The bytes in all outboxes. */
  readonly total: OutboxTotal = { bytes: 0 };
  private readonly waits = new Map<Session, Wait>();
  /** How many there are, by address. */
  private readonly byAddress = new Map<string, number>();
  /** Those with something in their outbox, the longest away first. */
  private readonly holding = new Set<Session>();
  private readonly limits: WaitingLimits;

  constructor(limits: WaitingLimits) {
    this.limits = limits;
  }

  /**
   * Keeps a session; calls `onExpired` unless it is removed in time.
   *
   * @param address what counts as the address of its connection; undefined if addresses have no limit
   * @returns false if there are too many
   */
  add(session: Session, address: string | undefined, onExpired: () => void): boolean {
    const { maxConnections, maxConnectionsPerAddress, resumeGraceMs } = this.limits;
    if (maxConnections > 0 && this.waits.size >= maxConnections) return false;
    if (address !== undefined) {
      const count = this.byAddress.get(address) ?? 0;
      if (maxConnectionsPerAddress > 0 && count >= maxConnectionsPerAddress) return false;
      this.byAddress.set(address, count + 1);
    }
    const timer = setTimeout(() => {
      this.remove(session);
      onExpired();
    }, resumeGraceMs);
    this.waits.set(session, { address, timer });
    if (session.outbox && !session.outbox.isEmpty) this.holding.add(session);
    return true;
  }

  /** How many there are. */
  get count(): number {
    return this.waits.size;
  }

  /** The session is back, or has ended. */
  remove(session: Session): void {
    const wait = this.waits.get(session);
    if (!wait) return;
    clearTimeout(wait.timer);
    this.waits.delete(session);
    this.holding.delete(session);
    if (wait.address === undefined) return;
    const left = (this.byAddress.get(wait.address) ?? 0) - 1;
    if (left > 0) this.byAddress.set(wait.address, left);
    else this.byAddress.delete(wait.address);
  }

  /**
   * Makes room after a message was added to a session's outbox: those that are away longest lose what they hold,
   * then this one.
   */
  makeRoom(session: Session): void {
    if (this.waits.has(session)) this.holding.add(session);
    if (this.total.bytes <= this.limits.resumeMaxTotalBytes) return;
    for (const other of [...this.holding, session]) {
      if (this.total.bytes <= this.limits.resumeMaxTotalBytes) return;
      other.outbox?.clear();
      this.holding.delete(other);
    }
  }
}
