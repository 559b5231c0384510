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
    { mode, id, room }: Pick<Request<Answer>, "mode" | "id" | "room">,
    send: (number: string) => Promise<unknown>,
    late: Answer,
  ): Promise<Answer> {
    const number = String(++this.count);
    return new Promise((resolve) => {
      const giveUp = () => {
        const timer = setTimeout(() => this.entries.delete(number), FORGET_MS).unref();
        this.entries.set(number, { request: { mode, id, room, answer: undefined }, timer });
        resolve(late);
      };
      const timer = setTimeout(giveUp, this.timeoutMs);
      this.entries.set(number, { request: { mode, id, room, answer: resolve }, timer });
      // Whether it has run or not, the inbox tells.
      send(number).catch(() => {});
    });
  }

  get(number: string): Request<Answer> | undefined {
    return this.entries.get(number)?.request;
  }

  /** Takes a request out, since its outcome has come. */
  take(number: string): Request<Answer> | undefined {
    const entry = this.entries.get(number);
    clearTimeout(entry?.timer);
    this.entries.delete(number);
    return entry?.request;
  }

  /** Whether a seat in this room was asked for, and the outcome hasn't come. */
  has(id: string, room: string): boolean {
    return this.of(id).some(([, request]) => request.room === room);
  }

  /** Takes all requests for a peer out, with the answer `late`; returns the rooms. */
  drop(id: string, late: Answer): string[] {
    return this.of(id).map(([number, { room, answer }]) => {
      this.take(number);
      answer?.(late);
      return room;
    });
  }

  private of(id: string): [number: string, request: Request<Answer>][] {
    return [...this.entries].flatMap(([number, { request }]) =>
      request.id === id ? [[number, request]] : [],
    );
  }
}
