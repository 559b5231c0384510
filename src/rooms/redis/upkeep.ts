/** What is done with all rooms of a node, a part at a time. */

/** What is done. */
export interface UpkeepDeps {
  /** The rooms with members on this node. */
  rooms(): string[];
  /** Has a room compared with Redis. */
  compare(room: string): void;
  /** Keeps the keys of rooms from expiring. */
  touch(rooms: readonly string[]): void;
}

const COMPARED_AT_ONCE = 200;
const TOUCH_MS = 1_200_000;
const TOUCHED_AT_ONCE = 1_000;

export class Upkeep {
  private readonly leaseMs: number;
  private readonly deps: UpkeepDeps;
  private wantsComparison = false;
  private comparedAtMs = Number.NEGATIVE_INFINITY;
  private uncompared: string[] = [];
  private touchedAtMs = performance.now();

  constructor(leaseMs: number, deps: UpkeepDeps) {
    this.leaseMs = leaseMs;
    this.deps = deps;
  }

  /** Has every room compared with Redis, which has more to say than this node has heard: once in a lease at most. */
  compareAll(): void {
    this.wantsComparison = true;
  }

  /** To be called every now and then. `isSettled`: all nodes have told a restarted Redis what they know. */
  step(isSettled: boolean): void {
    const nowMs = performance.now();
    if (this.wantsComparison && isSettled && nowMs - this.comparedAtMs > this.leaseMs) {
      this.wantsComparison = false;
      this.comparedAtMs = nowMs;
      this.uncompared = this.deps.rooms();
    }
    for (const room of this.uncompared.splice(0, COMPARED_AT_ONCE)) this.deps.compare(room);
    if (nowMs - this.touchedAtMs < TOUCH_MS) return;
    this.touchedAtMs = nowMs;
    const rooms = this.deps.rooms();
    while (rooms.length > 0) this.deps.touch(rooms.splice(0, TOUCHED_AT_ONCE));
  }
}
