/** Changes of seats that Redis was asked for, until this node's inbox says what became of them. */

/** What was asked for. */
export interface Request<Answer> {
  readonly mode: "join" | "update" | "claim";
  readonly id: string;
  readonly room: string;
  /** Undefined when it was answered already, since it took too long. */
  readonly answer: ((answer: Answer) => void) | undefined;
}

interface Entry<Answer> {
  request: Request<Answer>;
  timer: ReturnType<typeof setTimeout>;
}

/** For how long the outcome of a request is waited for that was given up. */
const FORGET_MS = 60_000;

/** Requests by number. */
export class Requests<Answer> {
  private readonly entries = new Map<string, Entry<Answer>>();
  /** The numbers by peer. */
  private readonly byPeer = new Map<string, Set<string>>();
  private readonly timeoutMs: number;
  private count = 0;

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs;
  }

  /**
   * Asks for a change of the seat of a peer. Resolves with the answer, or with `late` when there is none in time: what
   * becomes of it then isn't known yet.
   *
   * @param send resolves with "late" if nothing becomes of it
   */
  ask(
    { mode, id, room }: Pick<Request<Answer>, "mode" | "id" | "room">,
    send: (number: string) => Promise<unknown>,
    late: Answer,
  ): Promise<Answer> {
    const number = String(++this.count);
    const numbers = this.byPeer.get(id) ?? new Set();
    this.byPeer.set(id, numbers.add(number));
    return new Promise((resolve) => {
      const giveUp = () => {
        const entry = this.entries.get(number);
        if (!entry) return;
        entry.request = { mode, id, room, answer: undefined };
        entry.timer = setTimeout(() => this.take(number), FORGET_MS).unref();
        resolve(late);
      };
      // What has arrived while this process stood still is looked at first.
      const timer = setTimeout(() => setImmediate(giveUp), this.timeoutMs);
      this.entries.set(number, { request: { mode, id, room, answer: resolve }, timer });
      const onSent = (outcome: unknown) => {
        if (outcome === "late") this.take(number)?.answer?.(late);
      };
      // Whether it has run or not, the inbox tells.
      send(number).then(onSent, () => {});
    });
  }

  get(number: string): Request<Answer> | undefined {
    return this.entries.get(number)?.request;
  }

  /** Takes a request out, since its outcome has come. */
  take(number: string): Request<Answer> | undefined {
    const entry = this.entries.get(number);
    if (!entry) return undefined;
    clearTimeout(entry.timer);
    this.entries.delete(number);
    const { id } = entry.request;
    const numbers = this.byPeer.get(id);
    numbers?.delete(number);
    if (numbers?.size === 0) this.byPeer.delete(id);
    return entry.request;
  }

  /** Whether a seat in this room was asked for, and the outcome hasn't come. */
  has(id: string, room: string): boolean {
    return [...(this.byPeer.get(id) ?? [])].some((number) => this.get(number)?.room === room);
  }

  /** Takes all requests for a peer out, with the answer `late`; returns the rooms. */
  drop(id: string, late: Answer): string[] {
    return [...(this.byPeer.get(id) ?? [])].flatMap((number) => {
      const request = this.take(number);
      request?.answer?.(late);
      return request?.room ?? [];
    });
  }
}
