/** When a lost connection is tried again. */

import { EventEmitter } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keepConnecting } from "../../src/client/retries.ts";
import type { ServerSocket } from "../../src/client/signaling-types.ts";

/** A socket that does nothing by itself, and when it was told to connect, in milliseconds. */
function create({ isInRoom = true } = {}) {
  const closing = new AbortController();
  const tries: number[] = [];
  const timeouts: number[] = [];
  const start = performance.now();
  const socket = Object.assign(new EventEmitter(), {
    active: true,
    io: { timeout: (ms: number) => timeouts.push(ms) },
    connect: () => tries.push(Math.round(performance.now() - start)),
  });
  keepConnecting(socket as unknown as ServerSocket, () => isInRoom, closing.signal);
  const up = (ms: number) => {
    socket.emit("connect");
    vi.advanceTimersByTime(ms);
  };
  /** Fails as often as it is tried, and returns the time before each try. */
  const fail = (count: number, message = "refused") => {
    const waits: number[] = [];
    for (let i = 0; i < count; i++) {
      const before = performance.now();
      const { length } = tries;
      while (tries.length === length) vi.advanceTimersByTime(1);
      waits.push(performance.now() - before);
      socket.emit("connect_error", new Error(message));
    }
    return waits;
  };
  return { socket, tries, timeouts, closing, up, fail };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("in a room: at once, then after more and more, 2 s at most", () => {
  vi.spyOn(Math, "random").mockReturnValue(1);
  const { socket, up, fail } = create();
  up(5_000);
  socket.emit("disconnect");
  expect(fail(6)).toEqual([1, 1_000, 2_000, 2_000, 2_000, 2_000]);
});

test("outside of one: not at once, and 5 s at most", () => {
  vi.spyOn(Math, "random").mockReturnValue(1);
  const { socket, up, fail } = create({ isInRoom: false });
  up(5_000);
  socket.emit("disconnect");
  expect(fail(6)).toEqual([500, 1_000, 2_000, 4_000, 5_000, 5_000]);
});

test("at any time up to that: clients of a server don't come together", () => {
  const random = vi.spyOn(Math, "random").mockReturnValue(0);
  const { socket, fail } = create();
  socket.emit("disconnect");
  expect(fail(3)).toEqual([1, 1, 1]);
  random.mockReturnValue(0.5);
  expect(fail(2)).toEqual([1, 1_000]);
});

test("a connection that is lost as soon as it is up isn't tried at once", () => {
  vi.spyOn(Math, "random").mockReturnValue(1);
  const { socket, up, fail } = create();
  up(999);
  socket.emit("disconnect");
  const [first] = fail(1);
  expect(first).toBe(1_000);
});

test("[D1] when the server drains, somewhere within its time; then as ever", () => {
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  const { socket, up, fail } = create();
  up(5_000);
  socket.emit("server_draining", { withinMs: 4_000 });
  socket.emit("disconnect");
  expect(fail(2)).toEqual([2_000, 500]);
  up(5_000);
  socket.emit("disconnect");
  expect(fail(1)).toEqual([1]);
});

test.each([undefined, null, {}, { withinMs: "x" }, { withinMs: -1 }, { withinMs: 1e12 }])(
  "a notice that says %j is harmless",
  (notice) => {
    const { socket, up, fail } = create();
    up(5_000);
    socket.emit("server_draining", notice);
    socket.emit("disconnect");
    expect(fail(1)[0]).toBeLessThanOrEqual(60_000);
  },
);

test("who isn't reached in the time for it has more of it then", () => {
  const { socket, timeouts, fail } = create();
  socket.emit("disconnect");
  fail(5, "timeout");
  expect(timeouts).toEqual([4_000, 4_000, 4_000, 20_000, 20_000, 20_000]);
});

test("who is refused, or lost soon, was reached: it has no more time", () => {
  const { socket, timeouts, up, fail } = create();
  socket.emit("disconnect");
  fail(5, "refused");
  for (let round = 0; round < 5; round++) {
    up(10);
    socket.emit("disconnect");
    fail(1, "timeout");
  }
  expect(new Set(timeouts)).toEqual(new Set([4_000]));
});

test("not when either side has ended it, nor after the end", () => {
  const { socket, tries, closing } = create();
  socket.active = false;
  socket.emit("disconnect");
  socket.emit("connect_error", new Error("refused"));
  expect(vi.getTimerCount()).toBe(0);
  socket.active = true;
  socket.emit("disconnect");
  socket.active = false;
  vi.advanceTimersByTime(10_000);
  socket.active = true;
  socket.emit("disconnect");
  closing.abort();
  socket.emit("disconnect");
  expect([tries, vi.getTimerCount()]).toEqual([[], 0]);
});
