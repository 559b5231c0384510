/** A limit on the messages that wait for a slow client. Engine.IO queues them in memory without one. */

import type { EventEmitter } from "node:events";

/** The part of an Engine.IO connection that is used: its events "packetCreate" and "flush". */
export interface Outbox extends EventEmitter {
  readonly transport: { readonly writable: boolean };
}

/** Limits of what may be queued for one client; 0 sets no limit. */
export interface QueueLimits {
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;
}

/** What is queued for one client, as it is at the moment. */
export interface Queued {
  readonly messages: number;
  readonly bytes: number;
}

/**
 * Counts what is queued in `outbox`. Calls `onOverflow` for each message over a limit.
 *
 * @param onMessage gets the bytes of each message, queued or not
 */
export function boundQueue(
  outbox: Outbox,
  limits: QueueLimits,
  onOverflow: () => void,
  onMessage?: (bytes: number) => void,
): Queued {
  const maxMessages = limits.maxQueuedMessages || Number.POSITIVE_INFINITY;
  const maxBytes = limits.maxQueuedBytes || Number.POSITIVE_INFINITY;
  const queued = { messages: 0, bytes: 0 };
  outbox.on("packetCreate", ({ data }: { data?: unknown }) => {
    onMessage?.(typeof data === "string" ? Buffer.byteLength(data) : 0);
    // It is sent at once, as nearly every message is.
    if (outbox.transport.writable) return;
    if (queued.messages === 0) {
      outbox.once("flush", () => {
        queued.messages = 0;
        queued.bytes = 0;
      });
    }
    queued.messages++;
    queued.bytes += typeof data === "string" ? Buffer.byteLength(data) : 0;
    if (queued.messages > maxMessages || queued.bytes > maxBytes) onOverflow();
  });
  return queued;
}
