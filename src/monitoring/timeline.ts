/** What has happened in each room, step by step: who did what, and what became of it. Never what it said. */

/** One step. */
export interface Step {
  /** Unix milliseconds. */
  at: number;
  /** An event of the protocol, `joined`, `left`, `away`, `back`, `resumed`, `cut_off`, `removed` or `closed`. */
  event: string;
  /** The id of the peer that did it, or that it is about; absent for `closed`. */
  from?: string | undefined;
  /** The id of the peer that it was for; absent if it was for all others. */
  to?: string | undefined;
  /** The bytes of the description or of the candidates. */
  bytes?: number | undefined;
  /** The number of candidates. */
  candidates?: number | undefined;
  /** The number of peers that it was sent to. */
  delivered?: number | undefined;
  /** `ok`; the error code of a refusal; `screened` if ICE_TRANSPORT_POLICY let nothing pass; else see OPERATIONS.md. */
  outcome: string;
  /** Of a refusal: how often it came, if more than once; `at` and `from` are those of the last time. */
  times?: number | undefined;
  /** Of a `call_report`. */
  path?: string | undefined;
  reason?: string | undefined;
  ms?: number | undefined;
}

/** Limits of what is kept. */
export interface TimelineLimits {
  readonly stepsPerRoom: number;
  /** Of all rooms together: 20 MB, or 40 if they are of two steps each. */
  readonly steps: number;
}

const LIMITS: TimelineLimits = { stepsPerRoom: 200, steps: 100_000 };

/** The steps of a room. Beyond the limit the oldest is overwritten: to make and to forget one for each message costs more. */
interface Ring {
  readonly steps: Step[];
  /** Where the oldest is, if it is full. */
  oldest: number;
}

/** The last steps of each room, also of rooms that are empty by now. The quietest rooms are forgotten first. */
export class Timelines {
  /** Rooms with a step since the last change of generations, and those without one that had one in the generation before. */
  private recent = new Map<string, Ring>();
  private older = new Map<string, Ring>();
  /** The number of steps in `recent`. */
  private recentSteps = 0;
  /** By id. Each has its id once more: one that was sent to us as a receiver's is another string, which isn't kept. */
  private readonly peers = new Map<string, { readonly id: string; readonly room: string }>();
  private readonly limits: TimelineLimits;

  constructor(limits = LIMITS) {
    this.limits = limits;
  }

  /** The steps of a room, oldest first. */
  of(room: string): readonly Step[] {
    const { steps, oldest } = this.ringOf(room);
    return [...steps.slice(oldest), ...steps.slice(0, oldest)].sort((a, b) => a.at - b.at);
  }

  has(room: string): boolean {
    return this.recent.has(room) || this.older.has(room);
  }

  /** Whether a peer has done something in a room, as far as is still known. */
  knows(room: string, id: string | undefined): boolean {
    return this.ringOf(room).steps.some(({ from }) => from === id);
  }

  /** From now on, what this peer does belongs to this room. */
  enter(room: string, id: string): void {
    this.peers.set(id, { id, room });
  }

  /** What this peer does belongs to no room. */
  exit(id: string): void {
    this.peers.delete(id);
  }

  /** The room of a peer, as far as what it does belongs to one. */
  roomOf(id: string): string | undefined {
    return this.peers.get(id)?.room;
  }

  /** Adds a step of a peer, if it is in a room. */
  addOf(id: string, step: Step): void {
    const room = this.roomOf(id);
    if (room !== undefined) this.add(room, step);
  }

  /** Adds a step. */
  add(room: string, step: Step): void {
    const ring = this.recent.get(room) ?? this.revive(room);
    const { steps } = ring;
    if (step.to !== undefined) step.to = this.peers.get(step.to)?.id ?? step.to;
    const overwritten = steps.length < this.limits.stepsPerRoom ? undefined : steps[ring.oldest];
    if (overwritten) {
      copy(step, overwritten);
      ring.oldest = (ring.oldest + 1) % steps.length;
      return;
    }
    steps.push(step);
    if (++this.recentSteps > this.limits.steps / 2) this.changeGenerations();
  }

  /**
   * Adds a refusal, which must not push other steps out: if the last step is the same, that one is counted up. Joins can be
   * refused to anybody, so of these there is one for each outcome.
   */
  addRefusal(room: string, step: Step): void {
    const { steps, oldest } = this.ringOf(room);
    const isJoin = step.event === "join";
    const isSame = ({ event, outcome, from, to }: Step) =>
      event === step.event &&
      outcome === step.outcome &&
      (isJoin || (from === step.from && to === step.to));
    const same = isJoin ? steps.find(isSame) : steps.at(oldest - 1);
    if (same && isSame(same)) copy({ ...step, times: (same.times ?? 1) + 1 }, same);
    else this.add(room, step);
  }

  private ringOf(room: string): Ring {
    return this.recent.get(room) ?? this.older.get(room) ?? EMPTY;
  }

  private revive(room: string): Ring {
    const ring = this.older.get(room) ?? { steps: [], oldest: 0 };
    this.older.delete(room);
    this.recent.set(room, ring);
    this.recentSteps += ring.steps.length;
    return ring;
  }

  private changeGenerations(): void {
    this.older = this.recent;
    this.recent = new Map();
    this.recentSteps = 0;
  }
}

const EMPTY: Ring = { steps: [], oldest: 0 };

function copy(from: Step, to: Step): void {
  to.at = from.at;
  to.event = from.event;
  to.from = from.from;
  to.to = from.to;
  to.bytes = from.bytes;
  to.candidates = from.candidates;
  to.delivered = from.delivered;
  to.outcome = from.outcome;
  to.times = from.times;
  to.path = from.path;
  to.reason = from.reason;
  to.ms = from.ms;
}
