import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { IceRenewal } from "../../../src/client/ice.ts";
import { SignalingClient } from "../../../src/client/index.ts";

describe("IceRenewal", () => {
  const HOUR_MS = 3_600_000;
  let asked: number;
  let ending: AbortController;
  let renewal: IceRenewal;
  let answer: () => Promise<{ iceServers: []; expiresAt: number }>;

  beforeEach(() => {
    vi.useFakeTimers();
    asked = 0;
    ending = new AbortController();
    answer = async () => ({ iceServers: [], expiresAt: (Date.now() + HOUR_MS) / 1_000 });
    const signaling = new SignalingClient("http://127.0.0.1:1", { transports: ["websocket"] });
    signaling.close();
    signaling.renewIceServers = () => {
      asked++;
      return answer();
    };
    renewal = new IceRenewal(signaling, () => {}, ending.signal);
  });
  afterEach(() => vi.useRealTimers());

  test("asks at once, and again when four fifths of the time have passed", async () => {
    await renewal.renew();
    expect(asked).toBe(1);
    await vi.advanceTimersByTimeAsync(0.79 * HOUR_MS);
    expect(asked).toBe(1);
    await vi.advanceTimersByTimeAsync(0.02 * HOUR_MS);
    expect(asked).toBe(2);
    await vi.advanceTimersByTimeAsync(10 * HOUR_MS);
    expect(asked).toBe(14);
  });

  test("one renewal at a time, and one timer", async () => {
    await Promise.all([renewal.renew(), renewal.renew(), renewal.renew()]);
    expect(asked).toBe(1);
    await renewal.renew();
    expect(asked).toBe(2);
    expect(vi.getTimerCount()).toBe(1);
  });

  test("a failure is tried again, a server's clock far behind is no tight loop", async () => {
    answer = async () => Promise.reject(new Error("offline"));
    await renewal.renew();
    answer = async () => ({ iceServers: [], expiresAt: 0 });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(asked).toBe(2);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toBe(4);
  });

  test("credentials for 40 days are no tight loop either: a timer takes 24.8 of them at most", async () => {
    answer = async () => ({ iceServers: [], expiresAt: Date.now() / 1_000 + 40 * 24 * 3_600 });
    await renewal.renew();
    await vi.advanceTimersByTimeAsync(24 * 24 * HOUR_MS);
    expect(asked).toBe(1);
    await vi.advanceTimersByTimeAsync(24 * HOUR_MS);
    expect(asked).toBe(2);
  });

  test("ends with its signal, also while it waits for an answer", async () => {
    await renewal.renew();
    answer = () => new Promise(() => {});
    const waiting = renewal.renew();
    ending.abort();
    await waiting;
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(10 * HOUR_MS);
    expect(asked).toBe(2);
  });
});
