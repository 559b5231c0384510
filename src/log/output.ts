/** Non-blocking output for the log, however slow, full or broken the reader is. */

import { constants, fstatSync, openSync, writeSync } from "node:fs";

/** The destination of log lines. */
export interface LogOutput {
  /** Writes a line, queues it, or drops and counts it. Never throws. */
  write(line: string): void;
  /** Calls `done` when the queue is empty, or after a second. */
  flush(done: () => void): void;
}

/** Writes some bytes without blocking and returns how many; throws if it can't write (`fs.writeSync`). */
type WriteNow = (bytes: Buffer) => number;

/** About 8,000 lines. */
const MAX_QUEUED_BYTES = 1_048_576;
const RETRY_MS = 50;
const FLUSH_MS = 1_000;

/**
 * Creates an output over `writeNow`. What can't be written now (EAGAIN, ENOSPC) is queued and retried.
 * When the queue is full, lines are dropped; `onDropped` gets their number once the queue is empty.
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
  const flushing = new Set<() => void>();

  /** Writes as much of the queue as possible. The rest, perhaps of a partly written line, stays. */
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
    // The line about dropped lines may itself be queued.
    if (!retry) for (const end of flushing) end();
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
      const end = () => {
        clearTimeout(timer);
        flushing.delete(end);
        done();
      };
      const timer = setTimeout(end, FLUSH_MS);
      flushing.add(end);
    },
  };
}

/** Writes to standard output without blocking. On Windows only a file never blocks. */
export function stdoutWriter(): WriteNow {
  const fd = openNonBlocking();
  return (bytes) => writeSync(fd, bytes);
}

/**
 * Writing to a full pipe or a stopped terminal (Ctrl-S) blocks. Opened once more with O_NONBLOCK, it
 * doesn't, and other processes that have it open aren't affected.
 */
function openNonBlocking(): number {
  // Creating this stream makes Node set O_NONBLOCK on pipes and sockets; a socket can't be opened again.
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
