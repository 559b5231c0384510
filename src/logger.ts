/** The log: one JSON line an event, or the same made readable for somebody at a terminal. */

import { type DestinationStream, type Logger, pino } from "pino";
import { PinoPretty } from "pino-pretty";

export type { Logger };

/** Where the log goes, and how much of it. */
export interface LoggerOptions {
  /** A pino level, or "silent". */
  level: string;
  /** Readable lines with colours instead of JSON. */
  pretty?: boolean;
  /** Standard output, if left out. */
  destination?: DestinationStream;
}

/**
 * Creates the log. What goes in is event names, peer ids, rooms and counts;
 * a session description, a candidate, a token or a peer's address never does.
 */
export function createLogger({ level, pretty = false, destination }: LoggerOptions): Logger {
  const stream = pretty
    ? PinoPretty({ sync: true, ...(destination && { destination }) })
    : (destination ?? pino.destination({ sync: true }));
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
}
