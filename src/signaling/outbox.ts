/** The messages that a peer may not have got yet, kept in case its connection is lost. */

/** Limits of one outbox. */
export interface OutboxLimits {
  readonly resumeMaxMessages: number;
  readonly resumeMaxBytes: number;
}

/** The bytes in all outboxes of the server. */
export interface OutboxTotal {
  bytes: number;
}

/**
 * Counts the messages since a join, and keeps the last ones until they have certainly arrived. Each join has an
 * outbox of its own: a heartbeat that was sent before it must not confirm messages that were sent after it.
 */
export class Outbox {
  /** The number of messages so far. */
  sent = 0;
  /** Undefined while empty, which it mostly is. */
  private frames: string[] | undefined;
  private bytes = 0;
  private readonly limits: OutboxLimits;
  private readonly total: OutboxTotal;

  constructor(limits: OutboxLimits, total: OutboxTotal) {
    this.limits = limits;
    this.total = total;
  }

  get isEmpty(): boolean {
    return this.length === 0;
  }

  /** Adds a message as it is sent. Over a limit, the oldest ones are dropped. */
  add(frame: string): void {
    this.sent++;
    // An array that a first element is pushed to has room for 17.
    if (this.frames) this.frames.push(frame);
    else this.frames = [frame];
    this.count(Buffer.byteLength(frame));
    const { resumeMaxMessages, resumeMaxBytes } = this.limits;
    while (this.length > resumeMaxMessages || this.bytes > resumeMaxBytes) {
      this.dropFirst(1);
    }
  }

  /** Drops the first `count` messages since the join: the peer has got them. */
  confirm(count: number): void {
    this.dropFirst(this.length - (this.sent - count));
  }

  /** The messages after the first `count`; undefined if they aren't all there, or there weren't that many. */
  after(count: number): readonly string[] | undefined {
    const missing = this.sent - count;
    if (missing < 0 || missing > this.length) return undefined;
    return this.frames?.slice(this.length - missing) ?? [];
  }

  /** Drops all messages. */
  clear(): void {
    this.dropFirst(this.length);
  }

  private get length(): number {
    return this.frames?.length ?? 0;
  }

  private dropFirst(count: number): void {
    if (count <= 0 || !this.frames) return;
    const dropped = this.frames.splice(0, count);
    if (this.frames.length === 0) this.frames = undefined;
    this.count(-dropped.reduce((sum, frame) => sum + Buffer.byteLength(frame), 0));
  }

  private count(bytes: number): void {
    this.bytes += bytes;
    this.total.bytes += bytes;
  }
}
