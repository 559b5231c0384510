/** Random numbers that can be had again. */

/** Numbers in [0, 1) from the seed in SEED, or a new one; prints it (mulberry32, evenly distributed). */
export function seededRandom(): () => number {
  let state = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  console.info(`SEED=${state}`);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
