/** A map that forgets by itself. */

/** Limits of a map. */
export interface RecentMapLimits {
  /** An entry stays for so long, at most for twice that. */
  readonly forMs: number;
  /** With more entries than that, the older ones go earlier. */
  readonly max: number;
}

/** Keeps what was set of late, in two generations: to forget costs nothing. */
export class RecentMap<V> {
  private recent = new Map<string, V>();
  private older = new Map<string, V>();
  private changedAtMs: number;
  private readonly limits: RecentMapLimits;
  private readonly now: () => number;

  /** @param now Unix milliseconds */
  constructor(limits: RecentMapLimits, now: () => number) {
    this.limits = limits;
    this.now = now;
    this.changedAtMs = now();
  }

  get(key: string): V | undefined {
    this.forget();
    return this.recent.get(key) ?? this.older.get(key);
  }

  set(key: string, value: V): void {
    this.forget();
    this.recent.set(key, value);
  }

  private forget(): void {
    const sinceMs = this.now() - this.changedAtMs;
    if (sinceMs < this.limits.forMs && this.recent.size < this.limits.max) return;
    this.older = sinceMs < 2 * this.limits.forMs ? this.recent : new Map();
    this.recent = new Map();
    this.changedAtMs = this.now();
  }
}
