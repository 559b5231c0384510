/** Sending within the server's rate limit: what it refuses as `rate_limited` is sent again, in order. */

import { isCode, retryAfterMs } from "./errors.ts";
import { pause } from "./pause.ts";

/** How long a send is retried. By default the server's allowance refills in 10 s. */
const RETRY_FOR_MS = 30_000;
/**
 * Least delay before a retry. Refused events count towards the limit at which the server disconnects a
 * client; within half a second the allowance for several events refills, so few are refused again.
 */
const MIN_DELAY_MS = 500;

/**
 * Sends at once, until the server refuses an event as `rate_limited`. That event is retried after
 * `retryAfterMs`; those that follow are queued behind it, so the order is kept.
 */
export class Outbox {
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  /**
   * @param signal cancels it; the promise then resolves
   * @throws the error of `send`; `rate_limited` after 30 s of retries
   */
  async send(send: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    if (this.waiting > 0) return this.queue(send, signal);
    try {
      await send();
    } catch (error) {
      if (!isCode(error, "rate_limited")) throw error;
      await this.queue(send, signal, error);
    }
  }

  private async queue(
    send: () => Promise<unknown>,
    signal: AbortSignal,
    refusal?: unknown,
  ): Promise<void> {
    this.waiting++;
    const turn = this.last.then(() => retry(send, signal, refusal));
    this.last = turn.catch(() => {});
    try {
      await turn;
    } finally {
      this.waiting--;
    }
  }
}

async function retry(
  send: () => Promise<unknown>,
  signal: AbortSignal,
  refusal: unknown,
): Promise<void> {
  const start = performance.now();
  let refused = refusal;
  while (!signal.aborted) {
    try {
      if (refused !== undefined) {
        await pause(Math.max(MIN_DELAY_MS, retryAfterMs(refused)), signal);
      }
      await send();
      return;
    } catch (error) {
      if (signal.aborted) return;
      const canRetry = isCode(error, "rate_limited") && performance.now() - start < RETRY_FOR_MS;
      if (!canRetry) throw error;
      refused = error;
    }
  }
}
