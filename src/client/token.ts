/** An access token, or what gives one, each time there is a connection to be made. */
export type TokenSource = string | (() => string | Promise<string>);

/** How socket.io-client asks for what to authenticate with. */
export function authBy(token: TokenSource): (send: (auth: object) => void) => Promise<void> {
  return async (send) => {
    try {
      send({ token: typeof token === "function" ? await token() : token });
    } catch {
      // Without one, the server says that it wants one.
      send({});
    }
  };
}
