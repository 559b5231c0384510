/** What a client shows when it connects, to be let in. */

import type { Socket } from "socket.io-client";

/**
 * An access token, or what gives one, each time there is a connection to be made; undefined where there is
 * none. If that fails, the connection is tried again later, as when the server is out of reach.
 */
export type TokenSource = string | (() => string | undefined | Promise<string | undefined>);

/** The connection that a token is for. */
type Engine = Socket["io"]["engine"];

/** How socket.io-client asks for what to authenticate with. */
export function authBy(
  token: TokenSource,
  currentEngine: () => Engine,
): (send: (auth: object) => void) => Promise<void> {
  return async (send) => {
    const engine = currentEngine();
    try {
      const auth = { token: typeof token === "function" ? await token() : token };
      // Lost meanwhile, or closed: the next connection asks for itself.
      if (engine.readyState === "open") send(auth);
    } catch {
      // Perhaps the network is not up yet. Without a token the server would refuse for good; a
      // connection that is lost is tried again.
      engine.close();
    }
  };
}
