/** Random choices that a seed fixes. */

export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number from 0 to `max`, both included. */
  upTo(max: number): number;
  pick<T>(items: readonly T[]): T;
  chance(probability: number): boolean;
}

/** Mulberry32: good enough to fuzz with, and the same on every machine. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    upTo: (max) => Math.floor(next() * (max + 1)),
    pick: (items) => {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined && items.length === 0) throw new Error("nothing to pick from");
      return item as (typeof items)[number];
    },
    chance: (probability) => next() < probability,
  };
}

/** Numbers in [0, 1) from the seed in SEED, or a new one; prints it. */
export function seededRandom(): () => number {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  console.info(`SEED=${seed}`);
  return createRandom(seed).next;
}
