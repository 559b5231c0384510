/** Shares of the turns of the event loop, so that a burst of one client doesn't make all others wait. */

/** How many of those who have used up their share go on in one turn. */
const GO_ON_PER_TURN = 8;

const waiting: (() => void)[] = [];
let turn = 0;
let isCounting = false;

/** Counts up to `most` in each turn; returns whether `amount` more are still within it. */
export function createTurnShare(most: number): (amount: number) => boolean {
  let usedIn = turn;
  let used = 0;
  return (amount) => {
    if (!isCounting) countTurn();
    if (usedIn !== turn) used = 0;
    usedIn = turn;
    used += amount;
    return used <= most;
  };
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
