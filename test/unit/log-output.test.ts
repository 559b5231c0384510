import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createLogOutput } from "../../src/log/output.ts";

/** Something to write to that takes `room` bytes at the moment, and then none. */
class Pipe {
  room = Number.POSITIVE_INFINITY;
  taken = "";
  readonly write = (bytes: Buffer): number => {
    if (this.room === 0) throw Object.assign(new Error("full"), { code: "EAGAIN" });
    const count = Math.min(this.room, bytes.length);
    this.room -= count;
    this.taken += bytes.subarray(0, count);
    return count;
  };
}

/** An output that holds 20 bytes, and whose word of dropped lines is one of its lines. */
function outputOver(pipe: Pipe) {
  const output = createLogOutput(pipe.write, (lines) => output.write(`lost ${lines}\n`), 20);
  return output;
}

describe("log output", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("a line is written at once", () => {
    const pipe = new Pipe();
    outputOver(pipe).write("one\n");
    expect(pipe.taken).toBe("one\n");
  });

  test("what isn't taken waits, from the middle of a line, in order", () => {
    const pipe = new Pipe();
    const output = outputOver(pipe);
    pipe.room = 2;
    output.write("önë\n");
    output.write("two\n");
    expect(Buffer.byteLength(pipe.taken)).toBe(2);
    pipe.room = 3;
    vi.advanceTimersByTime(1_000);
    pipe.room = Number.POSITIVE_INFINITY;
    vi.advanceTimersByTime(1_000);
    output.write("three\n");
    expect(pipe.taken).toBe("önë\ntwo\nthree\n");
  });

  test("what goes over the bound is dropped and counted, and that is said when there is room", () => {
    const pipe = new Pipe();
    const output = outputOver(pipe);
    pipe.room = 0;
    for (let n = 0; n < 1_000; n++) output.write(`line ${n}\n`);
    pipe.room = Number.POSITIVE_INFINITY;
    vi.advanceTimersByTime(1_000);
    output.write("after\n");
    expect(pipe.taken).toBe("line 0\nline 1\nlost 998\nafter\n");
  });

  test("what is said of dropped lines is dropped in its turn, and said again", () => {
    const pipe = new Pipe();
    const output = outputOver(pipe);
    pipe.room = 0;
    for (let n = 0; n < 5; n++) output.write(`line ${n}\n`);
    pipe.room = 14;
    vi.advanceTimersByTime(1_000);
    for (let n = 5; n < 10; n++) output.write(`line ${n}\n`);
    pipe.room = Number.POSITIVE_INFINITY;
    vi.advanceTimersByTime(1_000);
    expect(pipe.taken).toBe("line 0\nline 1\nlost 3\nline 5\nlost 4\n");
  });

  test("flushing ends at once, when the rest is out, or after a second, once", () => {
    const pipe = new Pipe();
    const output = outputOver(pipe);
    const done = vi.fn();
    output.flush(done);
    expect(done).toHaveBeenCalledTimes(1);
    pipe.room = 0;
    output.write("one\n");
    output.flush(done);
    expect(done).toHaveBeenCalledTimes(1);
    pipe.room = Number.POSITIVE_INFINITY;
    vi.advanceTimersByTime(5_000);
    expect(done).toHaveBeenCalledTimes(2);
    pipe.room = 0;
    output.write("two\n");
    output.flush(done);
    vi.advanceTimersByTime(999);
    expect(done).toHaveBeenCalledTimes(2);
    vi.advanceTimersByTime(1);
    expect(done).toHaveBeenCalledTimes(3);
    expect(vi.getTimerCount()).toBe(1);
    pipe.room = Number.POSITIVE_INFINITY;
    vi.advanceTimersByTime(5_000);
    expect(done).toHaveBeenCalledTimes(3);
  });
});
