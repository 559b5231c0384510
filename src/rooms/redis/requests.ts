/** Changes of seats that Redis was asked for, until this node's inbox says what became of them. */

interface Request<Answer> {
  readonly id: string;
  readonly resolve: (answer: Answer) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** What was asked last for a peer, as long as it isn't known what became of it. */
interface Undecided {
  readonly number: string;
  readonly room: string;
}

/** Requests by number. */
export class Requests<Answer> {
  private readonly pending = new Map<string, Request<Answer>>();
  private readonly undecided = new Map<string, Undecided>();
  private readonly timeoutMs: number;
  private count = 0;

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs;
  }

  /**
   * Asks for a change of the seat of a peer. Resolves with the answer, or with `late` when there is none in time: what
   * becomes of it then isn't known yet.
   */
  ask(
    id: string,
    room: string,
    send: (number: string) => Promise<unknown>,
    late: Answer,
  ): Promise<Answer> {
    const number = String(++this.count);
    this.undecided.set(id, { number, room });
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.pending.delete(number);
        resolve(late);
      }, this.timeoutMs);
      this.pending.set(number, { id, resolve, timer });
      // Whether it has run or not, the inbox tells.
      send(number).catch(() => {});
    });
  }

  /** The peer that a request is for, while it waits for its answer. */
  waiting(number: string): string | undefined {
    return this.pending.get(number)?.id;
  }

  /** Answers a request; false if it doesn't wait any more. */
  answer(number: string, answer: Answer): boolean {
    const request = this.pending.get(number);
    if (!request) return false;
    clearTimeout(request.timer);
    this.pending.delete(number);
    if (this.undecided.get(request.id)?.number === number) this.undecided.delete(request.id);
    request.resolve(answer);
    return true;
  }

  /** Whether this was the last request for a peer, and wasn't answered in time. */
  isUndecided(id: string, number: string): boolean {
    return this.undecided.get(id)?.number === number;
  }

  /** Forgets what was asked last for a peer; returns the room, if it isn't known what became of it. */
  forget(id: string): string | undefined {
    const room = this.undecided.get(id)?.room;
    this.undecided.delete(id);
    return room;
  }
}
