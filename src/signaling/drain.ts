/** Sending all connections elsewhere, before the server goes. */

import { setTimeout as pause } from "node:timers/promises";
import type { SignalingIo, SignalingSocket } from "./socket.ts";

/** Options of draining. */
export interface DrainOptions {
  /** Between the call and the first closed connection. */
  readonly drainDelayMs: number;
  /** After that delay, until `drain` resolves at the latest. */
  readonly drainTimeoutMs: number;
}

/** The state of a server that may go. */
export interface Drain {
  /** False as soon as it drains. */
  readonly isReady: () => boolean;
  /** Whether new connections are accepted: for the delay they still are. */
  readonly isOpen: () => boolean;
  /** Closes all connections in a way that clients come back, and resolves when they are closed, or in time. */
  readonly drain: () => Promise<void>;
}

/** So many are closed per second if there is time for it, since all of them connect again elsewhere. */
const CLOSED_PER_SECOND = 1_000;
const STEP_MS = 20;

/** What is told of draining. */
export interface DrainEvents {
  /** Connections begin to close: nobody is to be announced as gone from then on. */
  onClosing: () => void;
  /** They are closed, or the time for it is over. */
  onDrained: () => void;
}

/** Creates what drains a server. */
export function createDrain(
  io: SignalingIo,
  { drainDelayMs, drainTimeoutMs }: DrainOptions,
  { onClosing, onDrained }: DrainEvents,
): Drain {
  let state: "serving" | "leaving" | "closing" = "serving";
  let draining: Promise<void> | undefined;

  async function drain(): Promise<void> {
    state = "leaving";
    await pause(drainDelayMs);
    state = "closing";
    onClosing();
    const sockets = [...io.sockets.sockets.values()];
    const timeout = new AbortController();
    const closed = Promise.all(
      sockets.map(({ conn }) => new Promise((resolve) => conn.once("close", resolve))),
    );
    await Promise.race([
      closeInBatches(sockets).then(() => closed),
      pause(drainTimeoutMs, undefined, { signal: timeout.signal }),
    ]);
    timeout.abort();
    onDrained();
  }

  async function closeInBatches(sockets: SignalingSocket[]): Promise<void> {
    const withinMs = Math.min((sockets.length * 1_000) / CLOSED_PER_SECOND, drainTimeoutMs / 2);
    io.emit("server_draining", { withinMs: Math.ceil(withinMs) });
    const batch = Math.ceil((sockets.length * STEP_MS) / Math.max(withinMs, STEP_MS));
    while (sockets.length > 0) {
      for (const { conn } of sockets.splice(0, batch)) conn.close();
      await pause(STEP_MS);
    }
  }

  return {
    isReady: () => state === "serving",
    isOpen: () => state !== "closing",
    drain: () => {
      draining ??= drain();
      return draining;
    },
  };
}
