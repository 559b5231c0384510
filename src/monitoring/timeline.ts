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
  /** Refused events: how many of the same kind came one after another, if more than one. */
  readonly times?: number | undefined;
  /** Of a `call_report`. */
  readonly path?: string | undefined;
  readonly reason?: string | undefined;
  readonly ms?: number | undefined;
}

/** Limits of what is kept. */
export interface TimelineLimits {
  readonly stepsPerRoom: number;
  /** Of all rooms together: some 20 MB. */
  readonly steps: number;
}

const LIMITS: TimelineLimits = { stepsPerRoom: 200, steps: 100_000 };

interface Timeline {
  readonly steps: Step[];
  /** Whether it was added to since the last search for one to forget. */
  isRecent: boolean;
}

/** The last steps of each room, also of rooms that are empty by now. The quietest are forgotten first. */
export class Timelines {
  private readonly byRoom = new Map<string, Timeline>();
  private readonly roomByPeer = new Map<string, string>();
  private readonly limits: TimelineLimits;
  private total = 0;

  constructor(limits = LIMITS) {
    this.limits = limits;
  }

  /** The steps of a room, oldest first. */
  of(room: string): readonly Step[] {
    return this.byRoom.get(room)?.steps.slice(-this.limits.stepsPerRoom) ?? [];
  }

  has(room: string): boolean {
    return this.byRoom.has(room);
  }

  /** From now on, what this peer does belongs to this room. */
  enter(room: string, id: string): void {
    this.roomByPeer.set(id, room);
  }

  /** What this peer does belongs to no room. */
  exit(id: string): void {
    this.roomByPeer.delete(id);
  }

  /** Adds a step of a peer, if it is in a room. */
  addOf(id: string, step: Step): void {
    const room = this.roomByPeer.get(id);
    if (room !== undefined) this.add(room, step);
  }

  /** Adds a step. Of refused events that are the same, one after another, the last one is counted up. */
  add(room: string, step: Step): void {
    const timeline = this.byRoom.get(room) ?? this.create(room);
    timeline.isRecent = true;
    const { steps } = timeline;
    const last = steps.at(-1);
    if (last && isRepeated(last, step)) {
      steps[steps.length - 1] = { ...last, times: (last.times ?? 1) + 1 };
      return;
    }
    steps.push(step);
    this.total++;
    // Several at once, since each time all that stay are moved.
    const surplus = steps.length - this.limits.stepsPerRoom;
    if (surplus > this.limits.stepsPerRoom / 4) this.total -= steps.splice(0, surplus).length;
    if (this.total > this.limits.steps) this.forgetOne();
  }

  private create(room: string): Timeline {
    const timeline = { steps: [], isRecent: true };
    this.byRoom.set(room, timeline);
    return timeline;
  }

  /** Forgets the first one that has been quiet; those that weren't get behind the others. */
  private forgetOne(): void {
    for (const [room, timeline] of this.byRoom) {
      this.byRoom.delete(room);
      if (!timeline.isRecent) {
        this.total -= timeline.steps.length;
        return;
      }
      timeline.isRecent = false;
      this.byRoom.set(room, timeline);
    }
  }
}

function isRepeated(last: Step, { event, from, to, outcome }: Step): boolean {
  const isSame = last.event === event && last.from === from && last.to === to;
  return isSame && last.outcome === outcome && isRefusal(last);
}

const isRefusal = ({ outcome, delivered }: Step) => outcome !== "ok" && delivered === undefined;
