/** The used part of the allowances of ended connections, kept by address until it would have refilled. */

/** When each allowance will be full again, in milliseconds of the allowances' clock. */
interface Debt {
  readonly eventsFullAtMs: number;
  readonly packetsFullAtMs: number;
}

/** The debts of all addresses. */
export interface Debts {
  /** The largest debt that ended connections from this address have left. */
  of(address: string): Debt;
  /** Records the debt of a connection from this address that has ended. */
  add(address: string, debt: Debt): void;
  /** The number of addresses with a debt. */
  readonly size: number;
}

const NONE: Debt = { eventsFullAtMs: 0, packetsFullAtMs: 0 };

/** Creates an empty list of debts. `now` is the clock of the allowances. */
export function createDebts(now: () => number): Debts {
  const byAddress = new Map<string, Debt>();

  const isPaid = ({ eventsFullAtMs, packetsFullAtMs }: Debt) =>
    Math.max(eventsFullAtMs, packetsFullAtMs) <= now();

  /**
   * Goes from the oldest on and stops at the first debt that isn't paid. No debt lasts longer than an allowance
   * takes to refill, so a paid one stays behind an older one no longer than that.
   */
  function forgetPaid(): void {
    for (const [address, debt] of byAddress) {
      if (!isPaid(debt)) return;
      byAddress.delete(address);
    }
  }

  const of = (address: string) => byAddress.get(address) ?? NONE;

  return {
    of,
    add: (address, debt) => {
      forgetPaid();
      if (isPaid(debt)) return;
      const known = of(address);
      // Deleted first, so that the map stays ordered by age.
      byAddress.delete(address);
      byAddress.set(address, {
        eventsFullAtMs: Math.max(known.eventsFullAtMs, debt.eventsFullAtMs),
        packetsFullAtMs: Math.max(known.packetsFullAtMs, debt.packetsFullAtMs),
      });
    },
    get size() {
      return byAddress.size;
    },
  };
}
