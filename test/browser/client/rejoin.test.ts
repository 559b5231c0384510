/** How long joining again is tried. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SignalingError } from "../../../src/client/errors.ts";
import { joinAgain } from "../../../src/client/rejoin.ts";

describe("joinAgain", () => {
  let tries: number;
  let giveUp: AbortController;
  const refuse = (code: SignalingError["code"]) => async () => {
    tries++;
    throw new SignalingError(code, "no");
  };

  beforeEach(() => {
    vi.useFakeTimers();
    tries = 0;
    giveUp = new AbortController();
  });
  afterEach(() => vi.useRealTimers());

  test.each(["room_full", "rate_limited", "unavailable"] as const)(
    "%s: for 30 s, then it stands",
    async (code) => {
      const joining = joinAgain(refuse(code), 30_000, giveUp.signal);
      const refused = expect(joining).rejects.toMatchObject({ code });
      await vi.advanceTimersByTimeAsync(29_000);
      expect(tries).toBe(15);
      await vi.advanceTimersByTimeAsync(1_000);
      await refused;
      expect(tries).toBe(16);
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  test("until there is a seat", async () => {
    const joining = joinAgain(
      () => (tries < 2 ? refuse("room_full")() : Promise.resolve()),
      30_000,
      giveUp.signal,
    );
    await vi.advanceTimersByTimeAsync(4_000);
    await joining;
    expect(tries).toBe(2);
  });

  test("any other refusal stands at once", async () => {
    await expect(joinAgain(refuse("forbidden"), 30_000, giveUp.signal)).rejects.toMatchObject({
      code: "forbidden",
    });
    expect(tries).toBe(1);
  });

  test("ends with its signal", async () => {
    const joining = joinAgain(refuse("room_full"), 30_000, giveUp.signal);
    const ended = expect(joining).rejects.toThrow("left");
    await vi.advanceTimersByTimeAsync(1_000);
    giveUp.abort(new Error("left"));
    await ended;
    expect(vi.getTimerCount()).toBe(0);
    expect(tries).toBe(1);
  });
});
