import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { inLaterTurn, TurnShare } from "../../src/connections/turns.ts";

describe("a share of a turn", () => {
  test("is used up, and whole again in the next turn", async () => {
    const share = new TurnShare(3);
    expect([2, 1, 1, 0].map((amount) => share.use(amount))).toEqual([true, true, false, false]);
    await nextTurn();
    expect([share.use(3), share.use(1)]).toEqual([true, false]);
  });

  test("is nobody else's", () => {
    const [ada, bob] = [new TurnShare(1), new TurnShare(1)];
    expect([ada.use(1), ada.use(1), bob.use(1)]).toEqual([true, false, true]);
  });
});

describe("those who have used up theirs", () => {
  test("go on in later turns, in order, 8 in each", async () => {
    const order: number[] = [];
    for (let n = 0; n < 20; n++) inLaterTurn(() => order.push(n));
    const lengths: number[] = [];
    while (order.length < 20) {
      lengths.push(order.length);
      await nextTurn();
    }
    expect(lengths).toEqual([0, 8, 16]);
    expect(order).toEqual([...Array(20).keys()]);
  });

  test("who has to wait once more waits behind those who already do", async () => {
    const order: string[] = [];
    inLaterTurn(() => {
      order.push("ada");
      inLaterTurn(() => order.push("ada again"));
    });
    for (let n = 0; n < 9; n++) inLaterTurn(() => order.push("others"));
    while (order.length < 11) await nextTurn();
    expect(order.indexOf("ada again")).toBe(10);
  });
});
