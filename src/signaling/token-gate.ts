/** Who may connect, where tokens or the application decide that, and until when. */

import type { Verdict } from "../auth/authenticator.ts";
import type { Logger } from "../logger.ts";
import type { SignalingIo, SignalingSocket } from "./dispatch.ts";

/** Who decides. */
export interface Gate {
  /** Asked for each connection. Never rejects. */
  readonly admit: (socket: SignalingSocket) => Promise<Verdict>;
  /** Whether who has expired has to come with a new token; else the client comes back by itself. */
  readonly needsToken: boolean;
}

/** How late a connection is ended when its time is up. */
const SWEEP_INTERVAL_MS = 1_000;

/** What the gate needs from elsewhere. */
export interface GateDeps {
  /** Unix milliseconds. */
  now: () => number;
  log: Logger;
}

/**
 * Lets only sockets that the gate admits connect to `io`, and ends them when their time is up.
 * Gives a function that stops the latter.
 */
export function registerGate(
  io: SignalingIo,
  { admit, needsToken }: Gate,
  { now, log }: GateDeps,
): () => void {
  io.use(async (socket, next) => {
    const verdict = await admit(socket);
    if (!verdict.ok) {
      const { code, reason } = verdict;
      log.debug({ code }, "refused a connection");
      next(Object.assign(new Error(reason), { data: { code } }));
      // Socket.IO answers in the next tick, and this comes behind. On it goes only by a new connection.
      process.nextTick(() => socket.conn.close());
      return;
    }
    socket.data.claims = verdict.claims;
    next();
  });

  // One timer for all; a look at 20,000 sockets takes about a millisecond.
  const sweep = setInterval(() => {
    const nowMs = now();
    for (const socket of io.sockets.sockets.values()) {
      const { claims } = socket.data;
      if (claims && claims.expiresAtMs <= nowMs) end(socket);
    }
  }, SWEEP_INTERVAL_MS).unref();

  function end(socket: SignalingSocket): void {
    log.info({ peer: socket.id }, "its access has expired");
    // The client comes back, and the application is asked again.
    if (!needsToken) {
      socket.conn.close();
      return;
    }
    const message = "your token has expired; connect with a new one";
    socket.emit("signal_error", { event: "refresh_token", code: "unauthorized", message });
    socket.disconnect(true);
  }

  return () => clearInterval(sweep);
}
