/** Where log lines go: never waited for, however slow, full or broken the other end is. */

import { constants, fstatSync, openSync, writeSync } from "node:fs";

/** What log lines are written to. */
export interface LogOutput {
  /** Writes a line, or keeps it for later, or counts it as dropped. Never throws. */
  write(line: string): void;
  /** Calls back when nothing waits any more, or after a second. */
  flush(done: () => void): void;
}

/** Writes some bytes without waiting, and gives how many; throws where it can't (`fs.writeSync`). */
type WriteNow = (bytes: Buffer) => number;

/** Some 8,000 lines. */
const MAX_QUEUED_BYTES = 1_048_576;
const RETRY_MS = 50;
const FLUSH_MS = 1_000;

/**
 * Creates an output over `writeNow`. What can't be written now (EAGAIN, ENOSPC) is tried again; when
 * too much waits, lines are dropped, and `onDropped` is told how many as soon as there is room.
 */
export function createLogOutput(
  writeNow: WriteNow,
  onDropped: (lines: number) => void,
  maxQueuedBytes = MAX_QUEUED_BYTES,
): LogOutput {
  let queue: Buffer[] = [];
  let queuedBytes = 0;
  let dropped = 0;
  let retry: NodeJS.Timeout | undefined;
  const flushing: (() => void)[] = [];

  /** Writes what it can. A part of a line that is left stays at the head of the queue. */
  function drain(): void {
    retry = undefined;
    let bytes = Buffer.concat(queue);
    try {
      while (bytes.length > 0) bytes = bytes.subarray(writeNow(bytes));
    } catch {
      retry = setTimeout(drain, RETRY_MS).unref();
    }
    queue = bytes.length > 0 ? [bytes] : [];
    queuedBytes = bytes.length;
    if (retry) return;
    if (dropped > 0) {
      const lines = dropped;
      dropped = 0;
      onDropped(lines);
    }
    // What was just said of dropped lines may wait in its turn.
    if (!retry) for (const done of flushing.splice(0)) done();
  }

  return {
    write(line) {
      const bytes = Buffer.from(line);
      if (queuedBytes + bytes.length > maxQueuedBytes) {
        dropped++;
        return;
      }
      queue.push(bytes);
      queuedBytes += bytes.length;
      if (!retry) drain();
    },

    flush(done) {
      if (!retry) return done();
      const timer = setTimeout(done, FLUSH_MS);
      flushing.push(() => {
        clearTimeout(timer);
        done();
      });
    },
  };
}

/** Writes to standard output without waiting: on Windows, only if it is a file. */
export function stdoutWriter(): WriteNow {
  const fd = openWithoutWaiting();
  return (bytes) => writeSync(fd, bytes);
}

/**
 * A pipe that nobody reads and a terminal that was stopped (Ctrl-S) hold up who writes to them. Opened
 * anew they don't, and whoever else has them open is not concerned.
 */
function openWithoutWaiting(): number {
  // Node sets O_NONBLOCK on a pipe or a socket as it makes this stream; a socket can't be opened anew.
  const { fd } = process.stdout;
  const kind = fstatSync(fd);
  if (!kind.isFIFO() && !kind.isCharacterDevice()) return fd;
  try {
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    return openSync(`/dev/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    return fd;
  }
}
