/** What peers are told, within what the server lets us send. */

import { isCode, retryAfterMs } from "./errors.ts";
import { pause } from "./pause.ts";

/** For longer than the server's default allowance takes to refill. */
const PATIENCE_MS = 30_000;
/** Between two tries, so that most of what waits passes at once: refusals have their price, too. */
const MIN_PAUSE_MS = 500;

/**
 * Sends at once, until the server refuses something as `rate_limited`: that is sent again when the server
 * says, and what comes after waits behind it.
 */
export class Outbox {
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  /**
   * @param signal gives it up without an error
   * @throws what `send` throws; `rate_limited` after 30 s of tries
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
    const turn = this.last.then(() => insist(send, signal, refusal));
    this.last = turn.catch(() => {});
    try {
      await turn;
    } finally {
      this.waiting--;
    }
  }
}

async function insist(
  send: () => Promise<unknown>,
  signal: AbortSignal,
  refusal: unknown,
): Promise<void> {
  const start = performance.now();
  let refused = refusal;
  while (!signal.aborted) {
    try {
      if (refused !== undefined) {
        await pause(Math.max(MIN_PAUSE_MS, retryAfterMs(refused)), signal);
      }
      await send();
      return;
    } catch (error) {
      if (signal.aborted) return;
      const mayPass = isCode(error, "rate_limited") && performance.now() - start < PATIENCE_MS;
      if (!mayPass) throw error;
      refused = error;
    }
  }
}
