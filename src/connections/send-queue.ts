/**
 * A client that stops reading. What the server has for it waits in the server's memory; nothing in
 * Engine.IO bounds that.
 */

import type { EventEmitter } from "node:events";

/** What of an Engine.IO connection is looked at: its events "packetCreate" and "flush". */
export interface Outbox extends EventEmitter {
  readonly transport: { readonly writable: boolean };
}

/** How much may wait for one client; 0 sets no limit. */
export interface QueueLimits {
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;
}

/** Counts what waits in `outbox`, and calls `onOverflow` when a message goes over a bound. */
export function boundQueue(outbox: Outbox, limits: QueueLimits, onOverflow: () => void): void {
  const maxMessages = limits.maxQueuedMessages || Number.POSITIVE_INFINITY;
  const maxBytes = limits.maxQueuedBytes || Number.POSITIVE_INFINITY;
  let messages = 0;
  let bytes = 0;
  const empty = () => {
    messages = 0;
    bytes = 0;
  };
  outbox.on("packetCreate", ({ data }: { data?: unknown }) => {
    // It goes out at once, as nearly every message does.
    if (outbox.transport.writable) return;
    if (messages === 0) outbox.once("flush", empty);
    messages++;
    bytes += typeof data === "string" ? Buffer.byteLength(data) : 0;
    if (messages > maxMessages || bytes > maxBytes) onOverflow();
  });
}
