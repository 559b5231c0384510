/** Who has sent which numbers to whom, and which have arrived: each must once, and in order. */

/** What arrived otherwise. */
export interface Faults {
  /** Never arrived, though the room was given its time. */
  lost: number;
  doubled: number;
  /** Arrived before one with a lower number. */
  early: number;
  /** From another id than the sender's. */
  foreign: number;
}

const MAX_EXAMPLES = 10;

interface Pair {
  sent: number;
  /** The next number to come. */
  next: number;
  /** Numbers that came early. */
  ahead: Set<number>;
}

export class Book {
  readonly faults: Faults = { lost: 0, doubled: 0, early: 0, foreign: 0 };
  /** The first faults in words. */
  readonly examples: string[] = [];
  sent = 0;
  arrived = 0;
  private readonly pairs = new Map<string, Pair>();

  /** The next number from one peer to another. */
  send(from: string, to: string): number {
    this.sent++;
    return this.pair(from, to).sent++;
  }

  receive(from: string, to: string, number: number): void {
    const pair = this.pair(from, to);
    if (number < pair.next || pair.ahead.has(number)) {
      this.fault("doubled", `${from} to ${to}: ${number} twice`);
      return;
    }
    this.arrived++;
    if (number > pair.next) {
      this.fault("early", `${from} to ${to}: ${number} before ${pair.next}`);
      pair.ahead.add(number);
      return;
    }
    pair.next++;
    while (pair.ahead.delete(pair.next)) pair.next++;
  }

  fault(kind: keyof Faults, example: string): void {
    this.faults[kind]++;
    this.example(example);
  }

  example(text: string): void {
    if (this.examples.length < MAX_EXAMPLES && this.examples.at(-1) !== text) {
      this.examples.push(text);
    }
  }

  get isComplete(): boolean {
    return this.arrived === this.sent;
  }

  /** Counts what has never arrived. */
  close(): void {
    for (const [name, { sent, next, ahead }] of this.pairs) {
      const lost = sent - next - ahead.size;
      if (lost > 0) this.fault("lost", `${name}: ${lost} of ${sent} lost, the first is ${next}`);
      this.faults.lost += Math.max(0, lost - 1);
    }
  }

  private pair(from: string, to: string): Pair {
    const name = `${from} to ${to}`;
    const known = this.pairs.get(name);
    if (known) return known;
    const pair = { sent: 0, next: 0, ahead: new Set<number>() };
    this.pairs.set(name, pair);
    return pair;
  }
}
