/** Who may connect, where access tokens are asked for, and until when. */

import type { Authenticator } from "../auth/authenticator.ts";
import type { Logger } from "../logger.ts";
import type { ErrorCode } from "../protocol/messages.ts";
import type { SignalingIo, SignalingSocket } from "./dispatch.ts";

/** What access needs from elsewhere. */
export interface AccessDeps {
  authenticate: Authenticator;
  log: Logger;
}

/** How late a connection is ended when its token has run out. */
const SWEEP_INTERVAL_MS = 1_000;

/**
 * Lets only sockets with a valid token connect to `io`, and ends them when it runs out.
 * Gives a function that stops the latter.
 */
export function registerAccess(io: SignalingIo, { authenticate, log }: AccessDeps): () => void {
  io.use(async (socket, next) => {
    const verdict = await authenticate(socket.handshake.auth["token"]);
    if (!verdict.ok) {
      log.debug({ code: "unauthorized" }, "refused a connection");
      const data = { code: "unauthorized" satisfies ErrorCode };
      next(Object.assign(new Error(verdict.reason), { data }));
      // Socket.IO answers in the next tick, and this comes behind. On it goes only by a new connection.
      process.nextTick(() => socket.conn.close());
      return;
    }
    socket.data.claims = verdict.claims;
    next();
  });

  // One timer for all; a look at 20,000 sockets takes about a millisecond.
  const sweep = setInterval(() => {
    for (const socket of io.sockets.sockets.values()) if (hasExpired(socket)) end(socket);
  }, SWEEP_INTERVAL_MS).unref();

  function end(socket: SignalingSocket): void {
    log.info({ peer: socket.id }, "its token has expired");
    const message = "your token has expired; connect with a new one";
    socket.emit("signal_error", { event: "refresh_token", code: "unauthorized", message });
    socket.disconnect(true);
  }

  return () => clearInterval(sweep);
}

function hasExpired({ data }: SignalingSocket): boolean {
  return data.claims !== undefined && data.claims.expiresAtMs <= Date.now();
}
