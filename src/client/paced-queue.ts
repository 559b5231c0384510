/** How fast things are done that peers in a room can ask for, whatever they do. */

/** How many are done at once, and how often one more when those are used up. */
interface Pace {
  atOnce: number;
  intervalMs: number;
}

/**
 * Building RTCPeerConnections: 20 at once, then 2 a second. Chromium counts closed ones until garbage
 * collection, and throws at about 500: one peer that joins and leaves again and again would use them up.
 */
export const CONNECTIONS: Pace = { atOnce: 20, intervalMs: 500 };
/**
 * Answering offers, in events as the server counts them: well below its default allowance. A short offer
 * can have an answer many times its size, and make us gather candidates anew.
 */
export const ANSWERS: Pace = { atOnce: 200, intervalMs: 50 };

/** For how long nothing is done after `run` has thrown. */
const RETRY_MS = 5_000;

/** Something to be done. */
interface Turn {
  run: () => void;
  /** Gets what `run` has thrown; it will be called again. */
  onError: (error: unknown) => void;
  /** Gives it up. */
  signal: AbortSignal;
}

/** A turn that isn't run yet. */
interface Waiting extends Turn {
  onAbort: () => void;
}

/** Does things in the order they are asked for, at the given pace. */
export class PacedQueue {
  private readonly pace: Pace;
  private waiting: Waiting[] = [];
  private allowance: number;
  private countedAt = performance.now();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(pace: Pace) {
    this.pace = pace;
    this.allowance = pace.atOnce;
  }

  /** Calls `run` now or when its turn comes, unless `signal` is aborted before. */
  request(turn: Turn): void {
    if (turn.signal.aborted) return;
    const waiting: Waiting = { ...turn, onAbort: () => this.drop(waiting) };
    this.waiting.push(waiting);
    turn.signal.addEventListener("abort", waiting.onAbort, { once: true });
    this.next();
  }

  /** Resolves when it is the caller's turn; never, when `signal` is aborted before. */
  turn(signal: AbortSignal): Promise<void> {
    return new Promise((run) => this.request({ run, onError: () => {}, signal }));
  }

  /** Counts `more` than the one for each turn; the next waits until all is made up for. */
  charge(more: number): void {
    this.allowance -= more;
  }

  private drop(turn: Waiting): void {
    this.waiting = this.waiting.filter((other) => other !== turn);
    if (this.waiting.length === 0) clearTimeout(this.timer);
  }

  private next(): void {
    clearTimeout(this.timer);
    while (this.waiting.length > 0) {
      const delayMs = this.delayMs();
      if (delayMs > 0) {
        this.timer = setTimeout(() => this.next(), delayMs);
        return;
      }
      this.runNext();
    }
  }

  private runNext(): void {
    const turn = this.waiting.shift();
    if (!turn) return;
    this.allowance--;
    try {
      turn.run();
      turn.signal.removeEventListener("abort", turn.onAbort);
    } catch (error) {
      this.waiting.unshift(turn);
      this.allowance = 1 - RETRY_MS / this.pace.intervalMs;
      turn.onError(error);
    }
  }

  /** How long until the next may run; 0 if it may now. */
  private delayMs(): number {
    const { atOnce, intervalMs } = this.pace;
    const now = performance.now();
    const earned = (now - this.countedAt) / intervalMs;
    this.allowance = Math.min(atOnce, this.allowance + earned);
    this.countedAt = now;
    return Math.ceil(Math.max(0, 1 - this.allowance) * intervalMs);
  }
}
