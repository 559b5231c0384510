/** How clients try to connect again. */

export interface Retries {
  /** Milliseconds before the next try, after so many that have failed since the connection was lost. */
  delayMs(failures: number): number;
  /** Milliseconds that a WebSocket may take to open, after so many tries that took too long. */
  openLimitMs(timeouts: number): number;
}

/** This project's client in a room (`src/client/retries.ts`): at once, then within 1 s, then within 2 s. */
export const OUR_RETRIES: Retries = {
  delayMs: (failures) =>
    failures === 0 ? 0 : Math.random() * Math.min(2_000, 500 * 2 ** failures),
  openLimitMs: (timeouts) => (timeouts < 3 ? 4_000 : 20_000),
};

/** socket.io-client when nothing is set: 1 s, twice of it each time, up to half more or less, at most 5 s. */
export const SOCKET_IO_RETRIES: Retries = {
  delayMs: (failures) => Math.min(5_000, 1_000 * 2 ** failures * (0.5 + Math.random())),
  openLimitMs: () => 20_000,
};
