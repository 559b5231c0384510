/** The access token of a client. */

import type { Socket } from "socket.io-client";

/**
 * An access token, or a function that gets one for each connection; undefined is none. If it fails, connecting is
 * retried later, as if the server couldn't be reached.
 */
export type TokenSource = string | (() => string | undefined | Promise<string | undefined>);

/** The connection that a token is for. */
type Engine = Socket["io"]["engine"];

/**
 * Creates the function by which socket.io-client gets what goes with the CONNECT of a connection.
 *
 * @param early what goes with it besides the token
 */
export function authBy(
  token: TokenSource | undefined,
  currentEngine: () => Engine,
  early: () => object,
): (send: (auth: object) => void) => Promise<void> {
  return async (send) => {
    const engine = currentEngine();
    try {
      const auth = { token: typeof token === "function" ? await token() : token };
      // If the connection is lost or closed by now, the next one asks again.
      if (engine.readyState === "open") send({ ...auth, ...early() });
    } catch {
      // Perhaps the network isn't up yet. A refusal for a missing token would be final; a lost connection is
      // retried.
      engine.close();
    }
  };
}
