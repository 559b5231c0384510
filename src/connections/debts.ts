/** What connections that have ended had taken of their allowances, kept for their address until it has filled again. */

/** When each allowance of a connection is full, in milliseconds of one clock. */
interface Debt {
  readonly eventsFullAtMs: number;
  readonly packetsFullAtMs: number;
}

/** The debts of all addresses. */
export interface Debts {
  /** The largest debt that connections from this address have left. */
  of(address: string): Debt;
  /** Keeps what a connection from this address leaves. */
  leave(address: string, debt: Debt): void;
  /** How many addresses are known. */
  readonly size: number;
}

const NONE: Debt = { eventsFullAtMs: 0, packetsFullAtMs: 0 };

/** Creates an empty list of debts. `now` is the clock of the allowances. */
export function createDebts(now: () => number): Debts {
  const byAddress = new Map<string, Debt>();

  const isPaid = ({ eventsFullAtMs, packetsFullAtMs }: Debt) =>
    Math.max(eventsFullAtMs, packetsFullAtMs) <= now();

  /**
   * Goes by age and stops at the first that isn't paid. No debt lasts longer than an allowance takes to fill, so
   * none stays for longer than that behind an older one.
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
    leave: (address, debt) => {
      forgetPaid();
      if (isPaid(debt)) return;
      const known = of(address);
      // Out and in again: the map is in the order of age.
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
