/** The log: one JSON line an event, or the same made readable for somebody at a terminal. */

import { type DestinationStream, type Logger, pino } from "pino";
import { prettyFactory } from "pino-pretty";
import { createLogOutput, stdoutWriter } from "./log-output.ts";

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
 * Standard output is never waited for: lines that it doesn't take are dropped and counted.
 */
export function createLogger({ level, pretty = false, destination }: LoggerOptions): Logger {
  const output: DestinationStream & { flush?: (done: () => void) => void } =
    destination ??
    createLogOutput(stdoutWriter(), (lines) => log.error({ lines }, `${lines} log lines dropped`));
  const log: Logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pretty ? prettified(output) : output,
  );
  return log;
}

function prettified<T extends DestinationStream>(output: T): T {
  const format = prettyFactory({});
  return { ...output, write: (line: string) => output.write(format(line)) };
}
