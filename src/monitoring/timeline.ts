/** What has happened in each room, step by step: who did what, and what became of it. Never what it said. */

/** One step. */
export interface Step {
  /** Unix milliseconds. */
  readonly at: number;
  /** An event of the protocol, `joined`, `left`, `away`, `back`, `resumed`, `cut_off`, `removed` or `closed`. */
  readonly event: string;
  /** The id of the peer that did it, or that it is about; absent for `closed`. */
  readonly from?: string | undefined;
  /** The id of the peer that it was for; absent if it was for all others. */
  readonly to?: string | undefined;
  /** The bytes of the description or of the candidates. */
  readonly bytes?: number | undefined;
  /** The number of candidates. */
  readonly candidates?: number | undefined;
  /** The number of peers that it was sent to. */
  readonly delivered?: number | undefined;
  /** `ok`; the error code of a refusal; `screened` if ICE_TRANSPORT_POLICY let nothing pass; else see OPERATIONS.md. */
  readonly outcome: string;
  /** Of a refusal: how often it came, if more than once; `at` and `from` are those of the last time. */
  times?: number | undefined;
  /** Of a `call_report`. */
  readonly path?: string | undefined;
  readonly reason?: string | undefined;
  readonly ms?: number | undefined;
}

/** Limits of what is kept. */
export interface TimelineLimits {
  readonly stepsPerRoom: number;
  /** Of all rooms together: 20 MB, or 40 if they are of two steps each. */
  readonly steps: number;
}

const LIMITS: TimelineLimits = { stepsPerRoom: 200, steps: 100_000 };

/** The last steps of each room, also of rooms that are empty by now. The quietest rooms are forgotten first. */
export class Timelines {
  /** Rooms with a step since the last change of generations, and those without one that had one in the generation before. */
  private recent = new Map<string, Step[]>();
  private older = new Map<string, Step[]>();
  /** The number of steps in `recent`. */
  private recentSteps = 0;
  private readonly roomByPeer = new Map<string, string>();
  private readonly limits: TimelineLimits;

  constructor(limits = LIMITS) {
    this.limits = limits;
  }

  /** The steps of a room, oldest first. */
  of(room: string): readonly Step[] {
    const steps = this.recent.get(room) ?? this.older.get(room) ?? [];
    return steps.slice(-this.limits.stepsPerRoom);
  }

  has(room: string): boolean {
    return this.recent.has(room) || this.older.has(room);
  }

  /** From now on, what this peer does belongs to this room. */
  enter(room: string, id: string): void {
    this.roomByPeer.set(id, room);
  }

  /** What this peer does belongs to no room. */
  exit(id: string): void {
    this.roomByPeer.delete(id);
  }

  /** The room of a peer, as far as what it does belongs to one. */
  roomOf(id: string): string | undefined {
    return this.roomByPeer.get(id);
  }

  /** Adds a step of a peer, if it is in a room. */
  addOf(id: string, step: Step): void {
    const room = this.roomByPeer.get(id);
    if (room !== undefined) this.add(room, step);
  }

  /** Adds a step. */
  add(room: string, step: Step): void {
    const steps = this.recent.get(room) ?? this.revive(room);
    steps.push(step);
    this.recentSteps++;
    const surplus = steps.length - this.limits.stepsPerRoom;
    // Several at once, since each time all that stay are moved.
    if (surplus > this.limits.stepsPerRoom / 4) this.recentSteps -= steps.splice(0, surplus).length;
    if (this.recentSteps > this.limits.steps / 2) this.changeGenerations();
  }

  /**
   * Adds a refusal, which must not push other steps out: if the last step is the same, that one is counted up. Joins can be
   * refused to anybody, so of these there is one for each outcome.
   */
  addRefusal(room: string, step: Step): void {
    const steps = this.recent.get(room) ?? this.revive(room);
    const isJoin = step.event === "join";
    const isSame = ({ event, outcome, from }: Step) =>
      event === step.event && outcome === step.outcome && (isJoin || from === step.from);
    const index = isJoin ? steps.findLastIndex(isSame) : steps.length - 1;
    const same = steps[index];
    if (same && isSame(same)) {
      steps.splice(index, 1);
      this.recentSteps--;
      step.times = (same.times ?? 1) + 1;
    }
    this.add(room, step);
  }

  private revive(room: string): Step[] {
    const steps = this.older.get(room) ?? [];
    this.older.delete(room);
    this.recent.set(room, steps);
    this.recentSteps += steps.length;
    return steps;
  }

  private changeGenerations(): void {
    this.older = this.recent;
    this.recent = new Map();
    this.recentSteps = 0;
  }
}
