import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Outbox } from "../../src/signaling/outbox.ts";
import { Session } from "../../src/signaling/session.ts";
import { Waiting } from "../../src/signaling/waiting.ts";

const LIMITS = {
  resumeGraceMs: 1_000,
  resumeMaxTotalBytes: 100,
  maxConnections: 3,
  maxConnectionsPerAddress: 2,
  resumeMaxMessages: 10,
  resumeMaxBytes: 80,
};

/** A session whose outbox counts for `waiting`. */
function createSession(waiting: Waiting, id: string): Session & { outbox: Outbox } {
  const outbox = new Outbox(LIMITS, waiting.total);
  return Object.assign(new Session(id, () => {}), { outbox });
}

describe("seats that wait", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("as many as may connect from one address, and in all", () => {
    const waiting = new Waiting(LIMITS);
    const sessions = ["a", "b", "c", "d"].map((id) => createSession(waiting, id));
    const [a, b, c, d] = sessions as [Session, Session, Session, Session];
    const keep = (session: Session, address?: string) => waiting.add(session, address, () => {});
    expect([keep(a, "1"), keep(b, "1"), keep(c, "1")]).toEqual([true, true, false]);
    expect([keep(c, "2"), keep(d, "2")]).toEqual([true, false]);
    waiting.remove(a);
    waiting.remove(a);
    expect(keep(d, "1")).toBe(true);
    expect(keep(a, "1")).toBe(false);
  });

  test("where connections have no limit, seats have none", () => {
    const waiting = new Waiting({ ...LIMITS, maxConnections: 0, maxConnectionsPerAddress: 0 });
    for (let n = 0; n < 100; n++) {
      const session = createSession(waiting, `${n}`);
      expect(waiting.add(session, n % 2 ? "1" : undefined, () => {})).toBe(true);
    }
  });

  test("each ends once, after the grace, and leaves nothing", () => {
    const waiting = new Waiting(LIMITS);
    const expired: string[] = [];
    for (const id of ["a", "b"]) {
      waiting.add(createSession(waiting, id), "1", () => expired.push(id));
      vi.advanceTimersByTime(400);
    }
    vi.advanceTimersByTime(200);
    expect(expired).toEqual(["a"]);
    vi.advanceTimersByTime(10_000);
    expect(expired).toEqual(["a", "b"]);
    expect(waiting["waits"].size + waiting["byAddress"].size + waiting["holding"].size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("over the bytes of all, those away longest lose theirs first, then the one that gets more", () => {
    const waiting = new Waiting(LIMITS);
    const [a, b, c] = ["a", "b", "c"].map((id) => createSession(waiting, id)) as [
      Session & { outbox: Outbox },
      Session & { outbox: Outbox },
      Session & { outbox: Outbox },
    ];
    const send = (session: Session & { outbox: Outbox }, bytes: number) => {
      session.outbox.add("x".repeat(bytes));
      waiting.makeRoom(session);
    };
    send(b, 40);
    waiting.add(a, "1", () => {});
    waiting.add(b, "1", () => {});
    send(a, 40);
    send(c, 40);
    // b was the first that held something.
    expect([a, b, c].map(({ outbox }) => outbox.after(0)?.length)).toEqual([1, undefined, 1]);
    expect(waiting.total.bytes).toBe(80);
    send(c, 30);
    expect([a, c].map(({ outbox }) => outbox.after(0)?.length)).toEqual([undefined, 2]);
    send(c, 10);
    expect(waiting.total.bytes).toBe(80);
    send(b, 21);
    // Nobody else is away: b itself loses what it holds.
    expect(b.outbox.after(b.outbox.sent - 1)).toBeUndefined();
    expect(waiting.total.bytes).toBe(80);
  });
});

describe("an outbox", () => {
  test("gives what comes after the first ones, as long as it has all of them", () => {
    const total = { bytes: 0 };
    const outbox = new Outbox({ resumeMaxMessages: 3, resumeMaxBytes: 1_000 }, total);
    for (const frame of ["1", "2", "3"]) outbox.add(frame);
    expect(outbox.after(0)).toEqual(["1", "2", "3"]);
    expect(outbox.after(3)).toEqual([]);
    expect(outbox.after(4)).toBeUndefined();
    outbox.add("4");
    expect(outbox.after(0)).toBeUndefined();
    expect(outbox.after(1)).toEqual(["2", "3", "4"]);
    outbox.confirm(3);
    expect(outbox.after(2)).toBeUndefined();
    expect(outbox.after(3)).toEqual(["4"]);
    // A heartbeat of before says nothing new.
    outbox.confirm(1);
    expect(outbox.after(3)).toEqual(["4"]);
    expect(total.bytes).toBe(1);
    outbox.clear();
    expect(total.bytes).toBe(0);
    expect(outbox.after(4)).toEqual([]);
  });

  test("counts bytes of UTF-8, and drops the oldest over the limit", () => {
    const total = { bytes: 0 };
    const outbox = new Outbox({ resumeMaxMessages: 100, resumeMaxBytes: 10 }, total);
    outbox.add("éé");
    outbox.add("éé");
    expect(total.bytes).toBe(8);
    outbox.add("xyz");
    expect(outbox.after(1)).toEqual(["éé", "xyz"]);
    outbox.add("x".repeat(11));
    expect(outbox.isEmpty).toBe(true);
    expect(total.bytes).toBe(0);
  });
});
