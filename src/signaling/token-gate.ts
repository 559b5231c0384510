/** Who may connect, if tokens or `authorize` decide it, and how long. */

import type { Verdict } from "../auth/authenticator.ts";
import type { Logger } from "../log/logger.ts";
import type { SignalingIo, SignalingSocket } from "./socket.ts";

/** The check of new connections. */
export interface Gate {
  /** Called for each connection. Never rejects. */
  readonly admit: (socket: SignalingSocket) => Promise<Verdict>;
  /** Whether a client needs a new token to reconnect after its access has expired. */
  readonly needsToken: boolean;
}

/** How late a connection is ended after its access has expired. */
const SWEEP_INTERVAL_MS = 1_000;

/** What the gate needs from elsewhere. */
export interface GateDeps {
  /** Unix milliseconds. */
  now: () => number;
  /** A connection wasn't let in. */
  onRefused: (code: string) => void;
  /** A connection ends, since its access has expired. */
  onExpired: (socket: SignalingSocket) => void;
  log: Logger;
}

/**
 * Lets only sockets that the gate admits connect to `io`, and ends them when their access has expired.
 * Returns a function that stops the latter.
 */
export function registerGate(
  io: SignalingIo,
  { admit, needsToken }: Gate,
  { now, onRefused, onExpired, log }: GateDeps,
): () => void {
  /** Connections with a check under way. */
  const checking = new WeakSet<SignalingSocket["conn"]>();

  io.use(async (socket, next) => {
    // Many in one packet would all be checked at once.
    if (checking.has(socket.conn)) return socket.conn.close(true);
    checking.add(socket.conn);
    const verdict = await admit(socket);
    checking.delete(socket.conn);
    if (!verdict.ok) {
      const { code, reason } = verdict;
      log.debug({ code }, "refused a connection");
      onRefused(code);
      next(Object.assign(new Error(reason), { data: { code } }));
      // Socket.IO sends the refusal in the next tick; this runs after it. To try again, the client must reconnect.
      process.nextTick(() => socket.conn.close());
      return;
    }
    socket.data.claims = verdict.claims;
    next();
  });

  // One timer for all: checking 20,000 sockets takes about a millisecond.
  const sweep = setInterval(() => {
    const nowMs = now();
    for (const socket of io.sockets.sockets.values()) {
      const { claims } = socket.data;
      // One that is closing stays in the list until its client has polled.
      const isOpen = socket.conn.readyState === "open";
      if (isOpen && claims && claims.expiresAtMs <= nowMs) end(socket);
    }
  }, SWEEP_INTERVAL_MS).unref();

  function end(socket: SignalingSocket): void {
    log.info({ peer: socket.id }, "its access has expired");
    onExpired(socket);
    // The client reconnects, and `authorize` is called again.
    if (!needsToken) {
      socket.data.comesBack = true;
      socket.conn.close();
      return;
    }
    const message = "your token has expired; connect with a new one";
    socket.emit("signal_error", { event: "refresh_token", code: "unauthorized", message });
    socket.disconnect(true);
  }

  return () => clearInterval(sweep);
}
