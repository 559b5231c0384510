/** How long clients wait before they try to connect again. */

/** Milliseconds before the next try, after so many that have failed since the connection was lost. */
export type Retries = (failures: number) => number;

/** Of this project's client in a room (`src/client/retries.ts`): at once, then within 1 s, then within 2 s. */
export const retryAsOurs: Retries = (failures) =>
  failures === 0 ? 0 : Math.random() * Math.min(2_000, 500 * 2 ** failures);

/** Of socket.io-client when nothing is set: 1 s, twice of it each time, up to half more or less, at most 5 s. */
export const retryAsSocketIo: Retries = (failures) =>
  Math.min(5_000, 1_000 * 2 ** failures * (0.5 + Math.random()));
