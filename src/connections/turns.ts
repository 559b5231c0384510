/** Shares of the turns of the event loop, so that a burst of one client doesn't make all others wait. */

/** How many of those who have used up their share go on in one turn. */
const GO_ON_PER_TURN = 8;

const waiting: (() => void)[] = [];
let turn = 0;
let isCounting = false;

/** What one client may use in each turn. */
export class TurnShare {
  private readonly most: number;
  private usedIn = turn;
  private used = 0;

  constructor(most: number) {
    this.most = most;
  }

  /** Uses `amount` more; returns whether that is still within the share of this turn. */
  use(amount: number): boolean {
    if (!isCounting) countTurn();
    if (this.usedIn !== turn) this.used = 0;
    this.usedIn = turn;
    this.used += amount;
    return this.used <= this.most;
  }
}

/** Calls `goOn` in a later turn: in the next one, unless many others wait. */
export function inLaterTurn(goOn: () => void): void {
  if (!isCounting) countTurn();
  waiting.push(goOn);
}

/** Counts the turns in which something happens. */
function countTurn(): void {
  isCounting = true;
  setImmediate(() => {
    turn++;
    isCounting = false;
    for (const goOn of waiting.splice(0, GO_ON_PER_TURN)) goOn();
    if (waiting.length > 0 && !isCounting) countTurn();
  });
}
