/** Perfect negotiation (W3C webrtc-pc, 10.7) with one peer, step by step, and what a hostile one sends. */

import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { EarlyCandidates } from "../../src/client/early-candidates.ts";
import { Link, type LinkOptions } from "../../src/client/link.ts";
import { Outbox } from "../../src/client/outbox.ts";
import { ANSWERS, PacedQueue } from "../../src/client/paced-queue.ts";
import type { Candidate, Description } from "../../src/protocol/messages.ts";
import { FakeConnection, fakeConnections, settled } from "../support/fakes.ts";

/** A link, its connection, and what it sends: descriptions and candidates, in order. */
function create(options: Partial<LinkOptions> = {}, answers = new PacedQueue(ANSWERS)) {
  fakeConnections();
  const sent: string[] = [];
  const errors: unknown[] = [];
  const link = new Link(
    {
      to: "peer",
      configuration: () => ({}),
      polite: false,
      sendDescription: async ({ sdp }) => sent.push(sdp),
      sendCandidates: async (list) =>
        sent.push(list.map((each) => each?.candidate ?? "none").join()),
      beforeIceRestart: async () => void sent.push("renewed"),
      onError: (error) => errors.push(error),
      ...options,
    },
    new EarlyCandidates(),
    { answers, outbox: new Outbox(), reporter: undefined },
  );
  onTestFinished(() => link.close());
  const { connection } = link;
  if (!(connection instanceof FakeConnection)) throw new Error("no fake");
  return { link, connection, sent, errors };
}

const offer = (sdp = "their offer"): Description => ({ type: "offer", sdp });
const answer = (sdp = "their answer"): Description => ({ type: "answer", sdp });
const candidate = (text: string): Candidate => ({ candidate: text });

describe("offers that cross", () => {
  test("the impolite side ignores theirs: ours stands, is never rolled back, and is answered", async () => {
    const { link, connection, sent, errors } = create({ polite: false });
    connection.negotiate();
    await settled();
    await link.receiveDescription(offer());
    // A Chromium whose offer is rolled back may play nothing more of what it receives.
    expect(connection.signalingState).toBe("have-local-offer");
    await link.receiveDescription(answer());
    expect(connection.log).toEqual(["local offer", "remote their answer"]);
    expect(sent).toEqual(["offer 1"]);
    expect(errors).toEqual([]);
  });

  test("also while ours is still being made", async () => {
    const { link, connection } = create({ polite: false });
    connection.negotiate();
    await link.receiveDescription(offer());
    await settled();
    expect(connection.log).toEqual(["local offer"]);
  });

  test("the polite side takes theirs and answers; an answer to its own comes too late", async () => {
    const { link, connection, sent, errors } = create({ polite: true });
    connection.negotiate();
    await settled();
    await link.receiveDescription(offer());
    await link.receiveDescription(answer());
    expect(connection.log).toEqual([
      "local offer",
      "rollback",
      "remote their offer",
      "local answer",
    ]);
    expect(sent).toEqual(["offer 1", "answer 2"]);
    expect(errors).toEqual([]);
  });

  test("an offer that follows an answer closely is none of them", async () => {
    const { link, connection, sent } = create({ polite: false });
    connection.negotiate();
    await settled();
    const answered = link.receiveDescription(answer());
    await link.receiveDescription(offer());
    await answered;
    expect(connection.log).toEqual([
      "local offer",
      "remote their answer",
      "remote their offer",
      "local answer",
    ]);
    expect(sent).toEqual(["offer 1", "answer 2"]);
  });

  test("candidates of an ignored offer are no error, neither early nor later; others are", async () => {
    const { link, connection, errors } = create({ polite: false });
    connection.negotiate();
    await settled();
    await link.receiveDescription(offer());
    await link.receiveCandidate(candidate("stray"));
    await link.receiveDescription(answer());
    connection.negotiate();
    await settled();
    await link.receiveDescription(offer());
    await link.receiveCandidate(candidate("stray"));
    expect(errors).toEqual([]);
    await link.receiveDescription(answer());
    await link.receiveCandidate(candidate("stray"));
    expect(errors.map(String)).toEqual(["OperationError: stray"]);
  });

  test("after an offer of ours that failed, theirs is taken", async () => {
    const { link, connection, errors } = create({
      sendDescription: () => Promise.reject(new Error("refused")),
    });
    connection.negotiate();
    await settled();
    connection.signalingState = "stable";
    await link.receiveDescription(offer());
    expect(connection.log).toContain("remote their offer");
    expect(errors.map(String)).toEqual(["Error: refused", "Error: refused"]);
  });
});

describe("an offer that waits for its turn", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** A link that answers one offer a second. */
  const createSlow = () => create({}, new PacedQueue({ atOnce: 1, intervalMs: 1_000 }));

  test("is taken with the candidates that have come behind it", async () => {
    const { link, connection } = createSlow();
    await link.receiveDescription(offer("first"));
    const taken = link.receiveDescription(offer("second"));
    await link.receiveCandidate(candidate("of second"));
    await vi.advanceTimersByTimeAsync(1_000);
    await taken;
    expect(connection.log.slice(2)).toEqual([
      "remote second",
      "candidate of second",
      "local answer",
    ]);
  });

  test("is given up with its candidates when the peer answers ours, or crosses it", async () => {
    const { link, connection } = createSlow();
    await link.receiveDescription(offer("first"));
    const waiting = link.receiveDescription(offer("second"));
    await link.receiveCandidate(candidate("of second"));
    connection.negotiate();
    await settled();
    await link.receiveDescription(offer("third"));
    await link.receiveCandidate(candidate("of third"));
    await link.receiveDescription(answer("to ours"));
    await vi.advanceTimersByTimeAsync(5_000);
    await waiting;
    expect(connection.log.slice(2)).toEqual(["local offer", "remote to ours"]);
  });
});

describe("a repair", () => {
  test("is none while our offer is on its way, and arrives", async () => {
    let arrive = () => {};
    const { link, connection, sent } = create({
      sendDescription: ({ sdp }) => {
        sent.push(sdp);
        return new Promise<void>((resolve) => {
          arrive = resolve;
        });
      },
    });
    connection.negotiate();
    await settled();
    const repaired = link.repair();
    arrive();
    await repaired;
    expect(sent).toEqual(["offer 1"]);
  });

  test("sends an offer again that was lost", async () => {
    const { link, connection, sent } = create();
    connection.negotiate();
    await settled();
    await link.repair();
    expect(sent).toEqual(["offer 1", "offer 1"]);
  });
});

describe("what a peer sends", () => {
  test("early candidates are used in order, 256 of them, and once", async () => {
    const { link, connection } = create();
    for (let number = 1; number <= 1_000; number++) {
      await link.receiveCandidate(candidate(String(number)));
    }
    await link.receiveDescription(offer());
    await link.receiveDescription(offer("another"));
    const used = connection.log.filter((line) => line.startsWith("candidate"));
    expect(used).toEqual(Array.from({ length: 256 }, (_, index) => `candidate ${index + 1}`));
    await link.receiveCandidate(null);
    expect(connection.log).toContain("candidate none");
  });

  test("nonsense is an error each time, and the next offer is taken", async () => {
    const { link, connection, errors } = create();
    connection.negotiate();
    await settled();
    await link.receiveDescription(answer("nonsense"));
    await link.receiveDescription(answer());
    await link.receiveDescription(offer("nonsense"));
    await link.receiveDescription(offer());
    expect(errors.map(String)).toEqual(["OperationError: nonsense", "OperationError: nonsense"]);
    expect(connection.log).toEqual([
      "local offer",
      "remote their answer",
      "remote their offer",
      "local answer",
    ]);
  });

  test("an answer that was nonsense keeps the impolite side impolite", async () => {
    const { link, connection } = create();
    connection.negotiate();
    await settled();
    await link.receiveDescription(answer("nonsense"));
    await link.receiveDescription(offer());
    expect(connection.log).toEqual(["local offer"]);
  });

  test("what fails when the link is closed is nobody's concern", async () => {
    const { link, connection, sent, errors } = create();
    const failing = link.receiveDescription(offer("nonsense"));
    link.close();
    await failing;
    await link.receiveDescription(offer());
    connection.negotiate();
    connection.found({ candidate: "late" });
    connection.becomes("failed");
    await settled();
    expect(connection.log).toEqual(["close"]);
    expect([sent, errors]).toEqual([[], []]);
  });
});

describe("our candidates", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("wait 10 ms for others, and for no others after the last", () => {
    const { connection, sent } = create();
    connection.found({ candidate: "a" });
    connection.found({ candidate: "b" });
    // Firefox, at the end of a generation.
    connection.found({ candidate: "" });
    vi.advanceTimersByTime(9);
    expect(sent).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(sent).toEqual(["a,b"]);
    connection.found({ candidate: "c" });
    connection.found(null);
    expect(sent).toEqual(["a,b", "c,none"]);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(10);
    expect(sent).toHaveLength(2);
  });

  test("stay behind when the link is closed", () => {
    const { link, connection, sent, errors } = create();
    connection.found({ candidate: "a" });
    link.close();
    vi.advanceTimersByTime(10);
    expect([sent, errors]).toEqual([[], []]);
  });

  test("travel before the next description, at most 64 together", async () => {
    const { connection, sent } = create();
    for (let number = 1; number <= 65; number++) connection.found({ candidate: String(number) });
    connection.negotiate();
    await settled();
    expect(sent).toEqual([expect.stringMatching(/^1,.*,64$/), "65", "offer 1"]);
  });
});

describe("an ICE restart", () => {
  test("comes with a connection that fails, after the renewal; before a description there is none", async () => {
    const { link, connection, sent } = create();
    await link.restartIce();
    expect([connection.log, sent]).toEqual([[], []]);
    await link.receiveDescription(offer());
    for (const state of ["connecting", "connected", "disconnected"] as const) {
      connection.becomes(state);
    }
    await settled();
    expect(sent).toEqual(["answer 1"]);
    connection.becomes("failed");
    await settled();
    expect(connection.log.slice(-2)).toEqual(["restart", "local offer"]);
    expect(sent).toEqual(["answer 1", "renewed", "offer 2"]);
  });

  test("is none when the link was closed during the renewal", async () => {
    const { link, connection } = create();
    await link.receiveDescription(offer());
    const restarted = link.restartIce();
    link.close();
    await restarted;
    expect(connection.log).not.toContain("restart");
  });
});
