import { describe, expect, test } from "vitest";
import { createDebts } from "../../src/connections/debts.ts";

/** Debts, and a clock that stands still until it is set. */
function create() {
  let now = 1_000;
  const debts = createDebts(() => now);
  const setClock = (ms: number) => {
    now = ms;
  };
  const leave = (address: string, eventsFullAtMs: number, packetsFullAtMs = 0) =>
    debts.add(address, { eventsFullAtMs, packetsFullAtMs });
  return { debts, leave, setClock };
}

describe("debts", () => {
  test("of each allowance the largest that an address has left", () => {
    const { debts, leave } = create();
    leave("a", 2_000, 3_000);
    leave("a", 4_000, 1_500);
    leave("a", 1_200, 1_200);
    expect(debts.of("a")).toEqual({ eventsFullAtMs: 4_000, packetsFullAtMs: 3_000 });
    expect(debts.of("b")).toEqual({ eventsFullAtMs: 0, packetsFullAtMs: 0 });
  });

  test("who owes nothing isn't remembered", () => {
    const { debts, leave } = create();
    leave("a", 0, 0);
    leave("b", 1_000, 1_000);
    expect(debts.size).toBe(0);
  });

  test("what is paid is forgotten, and nothing before", () => {
    const { debts, leave, setClock } = create();
    for (let n = 0; n < 1_000; n++) leave(`${n}`, 2_000, 3_000);
    setClock(2_999);
    leave("a", 4_000);
    expect(debts.size).toBe(1_001);
    setClock(3_000);
    leave("b", 4_000);
    expect(debts.size).toBe(2);
    setClock(4_000);
    leave("c", 0);
    expect(debts.size).toBe(0);
  });

  test("an address that comes again and again holds back nobody who came after", () => {
    const { debts, leave, setClock } = create();
    leave("a", 1_100);
    leave("b", 1_200);
    for (let now = 1_000; now < 5_000; now += 50) {
      setClock(now);
      leave("a", now + 100);
      expect(debts.size).toBeLessThanOrEqual(now <= 1_200 ? 2 : 1);
    }
  });
});
