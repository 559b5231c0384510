/** Goes into each server's process before the server, and answers what the bench asks about it. */

/** What a server's process has used so far. */
export interface Usage {
  /** Processor time of all its threads, user and system, in microseconds. */
  cpuMicros: number;
  /** What the heap and the buffers hold, garbage taken out, in bytes. */
  heldBytes: number;
  /** What the process occupies, in bytes. */
  residentBytes: number;
}

/** A question; `collect` takes the garbage out before the answer. */
export interface Question {
  collect: boolean;
}

/** Time for what has ended to be let go. */
const SETTLE_MS = 150;

process.on("message", async ({ collect }: Question) => {
  if (collect) await takeOutGarbage();
  const { user, system } = process.cpuUsage();
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send?.({
    cpuMicros: user + system,
    heldBytes: heapUsed + external,
    residentBytes: rss,
  } satisfies Usage);
});

/** Twice, since what a finalizer lets go is garbage only then. */
async function takeOutGarbage(): Promise<void> {
  for (let pass = 0; pass < 2; pass++) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    globalThis.gc?.();
  }
}

// No server outlives the bench, however that ends.
process.on("disconnect", () => process.exit());
