/**
 * Seats that this node has got after their claim was answered with "unavailable". The clients try again with the same
 * ticket, here or on another node; what nobody has claimed within the grace is given up.
 */
export class LateClaims {
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly graceMs: number;
  private readonly giveUp: (id: string, room: string) => void;

  constructor(graceMs: number, giveUp: (id: string, room: string) => void) {
    this.graceMs = graceMs;
    this.giveUp = giveUp;
  }

  add(id: string, room: string): void {
    this.drop(id, room);
    const giveUp = () => {
      this.timers.delete(keyOf(id, room));
      this.giveUp(id, room);
    };
    this.timers.set(keyOf(id, room), setTimeout(giveUp, this.graceMs).unref());
  }

  has(id: string, room: string): boolean {
    return this.timers.has(keyOf(id, room));
  }

  /** It has been claimed again. */
  drop(id: string, room: string): void {
    clearTimeout(this.timers.get(keyOf(id, room)));
    this.timers.delete(keyOf(id, room));
  }
}

const keyOf = (id: string, room: string) => `${id} ${room}`;
