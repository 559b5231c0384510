/** Connecting again after a lost connection. */

import { isMs } from "./received.ts";
import type { ServerSocket } from "./signaling-types.ts";

/** Most time between two tries while in a room, where a call waits for it, and else. */
const IN_ROOM_MS = 2_000;
const IDLE_MS = 5_000;
/** Bounds the second try, and twice of it the third, … */
const BASE_MS = 500;
/** A connection that was up for less is no reason to try again at once. */
const STABLE_MS = 1_000;
/** Most that a server may ask us to wait for. */
const MAX_SPREAD_MS = 60_000;
/**
 * How long a try may take. It is also what a join loses where a WebSocket's upgrade is never answered: the second try
 * begins with polling. A slow network gets by with it (four round trips of 600 ms, and a SYN that is sent again after
 * 1 s), or needs longer: after so many tries that took all of it, they have more. Whatever was first, a try has the
 * same number of round trips until it is open, and the probe of an upgrade isn't limited by it.
 */
export const TIMEOUT_MS = 4_000;
const LATER_TIMEOUT_MS = 20_000;
const SHORT_TRIES = 3;

/**
 * Connects again whenever the connection is lost or fails, unless either side has ended it. In a room the first try is
 * at once; any other comes after a random time ("full jitter"), so that the clients of a server don't come together.
 */
export function keepConnecting(
  socket: ServerSocket,
  isInRoom: () => boolean,
  signal: AbortSignal,
): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let timeouts = 0;
  let upSince: number | undefined;
  let spreadMs: number | undefined;

  const delayMs = () => {
    if (spreadMs !== undefined) return Math.random() * spreadMs;
    if (failures === 0 && isInRoom()) return 0;
    const max = Math.min(isInRoom() ? IN_ROOM_MS : IDLE_MS, BASE_MS * 2 ** failures);
    return Math.random() * max;
  };
  const retry = () => {
    clearTimeout(timer);
    if (!socket.active || signal.aborted) return;
    socket.io.timeout(timeouts < SHORT_TRIES ? TIMEOUT_MS : LATER_TIMEOUT_MS);
    timer = setTimeout(() => socket.active && socket.connect(), delayMs());
    spreadMs = undefined;
  };

  socket.on("connect", () => {
    upSince = performance.now();
    timeouts = 0;
  });
  socket.on("disconnect", () => {
    const wasStable = upSince !== undefined && performance.now() - upSince >= STABLE_MS;
    failures = wasStable ? 0 : failures + 1;
    upSince = undefined;
    retry();
  });
  socket.on("connect_error", ({ message }) => {
    failures++;
    if (message === "timeout") timeouts++;
    retry();
  });
  socket.on("server_draining", (notice) => {
    // Not all at once where they can be taken, if it says when that is.
    const withinMs: unknown = notice?.withinMs;
    spreadMs = Math.min(isMs(withinMs) ? withinMs : 0, MAX_SPREAD_MS);
  });
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
}
