/** How fast RTCPeerConnections are built, whatever the peers in a room do. */

const MAX_AT_ONCE = 20;
/** When those are used up, one more each time this has passed. */
const INTERVAL_MS = 500;
/** For how long nothing is built after the constructor has thrown. */
const RETRY_MS = 5_000;

/** A connection that is asked for. */
interface Turn {
  /** Builds it, or throws what the constructor throws. */
  build: () => void;
  /** Gets what `build` has thrown; it will be called again. */
  onError: (error: unknown) => void;
  /** Gives it up. */
  signal: AbortSignal;
}

/**
 * Builds connections in the order they are asked for: 20 at once, then 2 a second. Chromium counts
 * closed ones until garbage collection, and throws at about 500. Without a limit one peer that joins
 * and leaves again and again would use them up for all.
 */
export class ConnectionQueue {
  private waiting: Turn[] = [];
  private allowance = MAX_AT_ONCE;
  private countedAt = performance.now();
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Calls `build` now or when its turn comes, unless `signal` is aborted before. */
  request(turn: Turn): void {
    this.waiting.push(turn);
    turn.signal.addEventListener("abort", () => this.drop(turn), { once: true });
    this.run();
  }

  private drop(turn: Turn): void {
    this.waiting = this.waiting.filter((other) => other !== turn);
    if (this.waiting.length === 0) clearTimeout(this.timer);
  }

  private run(): void {
    clearTimeout(this.timer);
    while (this.waiting.length > 0) {
      const delayMs = this.delayMs();
      if (delayMs > 0) {
        this.timer = setTimeout(() => this.run(), delayMs);
        return;
      }
      this.buildNext();
    }
  }

  private buildNext(): void {
    const turn = this.waiting.shift();
    if (!turn) return;
    this.allowance--;
    try {
      turn.build();
    } catch (error) {
      this.waiting.unshift(turn);
      this.allowance = 1 - RETRY_MS / INTERVAL_MS;
      turn.onError(error);
    }
  }

  /** How long until the next may be built; 0 if it may be now. */
  private delayMs(): number {
    const now = performance.now();
    const earned = (now - this.countedAt) / INTERVAL_MS;
    this.allowance = Math.min(MAX_AT_ONCE, this.allowance + earned);
    this.countedAt = now;
    return Math.ceil(Math.max(0, 1 - this.allowance) * INTERVAL_MS);
  }
}
