/** The log: one line of JSON per event, or readable text for a terminal. */

import { type DestinationStream, type Logger as PinoLogger, pino } from "pino";
import { prettyFactory } from "pino-pretty";
import { createLogOutput, stdoutWriter } from "./output.ts";

/** A pino logger. */
export interface Logger extends PinoLogger {
  /** How many lines were dropped so far. */
  linesDropped?(): number;
}

/** Options of the log. */
export interface LoggerOptions {
  /** A pino level, or "silent". */
  level: string;
  /** Readable, coloured lines instead of JSON. */
  pretty?: boolean;
  /** By default standard output. */
  destination?: DestinationStream;
}

/**
 * Creates the log. It gets event names, peer ids, rooms and counts, but never an SDP, a candidate, a
 * token, or a peer's name or address. Writing to standard output never blocks: lines that it doesn't take
 * are dropped and counted.
 */
export function createLogger({ level, pretty = false, destination }: LoggerOptions): Logger {
  let linesDropped = 0;
  const onDropped = (lines: number) => {
    linesDropped += lines;
    log.error({ lines }, `${lines} log lines dropped`);
  };
  const output: DestinationStream & { flush?: (done: () => void) => void } =
    destination ?? createLogOutput(stdoutWriter(), onDropped);
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pretty ? prettified(output) : output,
  );
  return Object.assign(log, { linesDropped: () => linesDropped });
}

function prettified<T extends DestinationStream>(output: T): T {
  const format = prettyFactory({});
  return { ...output, write: (line: string) => output.write(format(line)) };
}
