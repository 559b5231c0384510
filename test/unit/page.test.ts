/** What the page computes by itself: messages, places of tiles, facts about a connection. */

import fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Mesh } from "../../src/client/index.ts";
import { arrange, arrangeAround } from "../../src/web/call/layout.ts";
import { createFactsReader, watchConnections } from "../../src/web/call/stats.ts";
import { MAX_TEXT_LENGTH, parseMessage } from "../../src/web/messages.ts";
import { linkTo } from "../../src/web/room.ts";
import { FakeSignaling, fakeConnections, settled } from "../support/fakes.ts";

describe("messages", () => {
  const state = { type: "state", muted: true, camera: false, screen: false };

  test("of a connection that is closed meanwhile are none, and of the others are shown", async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { made } = fakeConnections();
    const signaling = new FakeSignaling();
    signaling.joined.users = ["Ada", "Bob"].map((id) => ({ id, name: id }));
    const mesh = new Mesh(FakeSignaling.asClient(signaling));
    await mesh.join("demo");
    const closed = () => Promise.reject(new DOMException("closed", "InvalidStateError"));
    if (made[0]) Object.assign(made[0], { getStats: closed });
    if (made[1]) Object.assign(made[1], { getStats: async () => new Map() });
    const shown: string[] = [];
    const until = new AbortController();
    watchConnections(mesh, ({ id }) => shown.push(id), until.signal);
    vi.advanceTimersByTime(2_000);
    await settled();
    expect(shown).toEqual(["Bob"]);
    until.abort();
    await mesh.leave();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("ours are read, without what doesn't belong to them", () => {
    expect(parseMessage(JSON.stringify({ ...state, more: 1 }))).toEqual(state);
    expect(parseMessage('{"type":"chat","text":" hi "}')).toEqual({ type: "chat", text: "hi" });
    const longest = { type: "chat", text: "\u0001".repeat(MAX_TEXT_LENGTH) };
    expect(parseMessage(JSON.stringify(longest))).toEqual(longest);
  });

  test.each([
    "",
    "{",
    "null",
    "[]",
    '"chat"',
    "{}",
    '{"type":"shout"}',
    '{"type":"chat"}',
    '{"type":"chat","text":7}',
    '{"type":"chat","text":"  "}',
    `{"type":"chat","text":"${"x".repeat(MAX_TEXT_LENGTH + 1)}"}`,
    '{"type":"state","muted":true}',
    '{"type":"state","muted":"yes","camera":true,"screen":true}',
    new ArrayBuffer(8),
    undefined,
  ])("%j is nothing", (data) => {
    expect(parseMessage(data)).toBeUndefined();
  });
});

describe("the link to a room", () => {
  test.each(["/", "//", "//elsewhere.example/", "/app/"])("of a page at %s leads there", (path) => {
    const href = `https://calls.example${path}?room=old#token=secret`;
    vi.stubGlobal("location", { origin: "https://calls.example", pathname: path, href });
    onTestFinished(() => void vi.unstubAllGlobals());
    expect(linkTo("a+b")).toBe(`https://calls.example${path}?room=a%2Bb`);
  });
});

describe("layout", () => {
  const sizes = fc.record({
    width: fc.integer({ min: 300, max: 4_000 }),
    height: fc.integer({ min: 300, max: 3_000 }),
  });
  const counts = fc.integer({ min: 1, max: 16 });

  test.each([
    ["arrange", arrange],
    ["arrangeAround", arrangeAround],
  ])("%s keeps every tile on the stage, and none over another", (_name, place) => {
    fc.assert(
      fc.property(sizes, counts, (stage, count) => {
        const boxes = place(stage, count);
        expect(boxes).toHaveLength(count);
        for (const [index, { x, y, width, height }] of boxes.entries()) {
          expect(Math.min(x, y)).toBeGreaterThanOrEqual(-0.01);
          expect(x + width).toBeLessThanOrEqual(stage.width + 0.01);
          expect(y + height).toBeLessThanOrEqual(stage.height + 0.01);
          for (const other of boxes.slice(index + 1)) {
            const isApart =
              other.x >= x + width - 0.01 ||
              x >= other.x + other.width - 0.01 ||
              other.y >= y + height - 0.01 ||
              y >= other.y + other.height - 0.01;
            expect(isApart).toBe(true);
          }
        }
      }),
    );
  });

  test.each([
    [1, 1_248, 636, 1],
    [2, 1_248, 636, 2],
    [5, 1_248, 636, 3],
    [9, 1_248, 636, 3],
    [2, 370, 680, 1],
    [5, 370, 680, 2],
    [9, 370, 680, 2],
  ])("%i people on %i x %i pixels stand in %i columns", (count, width, height, columns) => {
    const rows = new Set(arrange({ width, height }, count).map(({ y }) => y));
    expect(rows.size).toBe(Math.ceil(count / columns));
  });
});

describe("facts", () => {
  const pair = { id: "p", type: "candidate-pair", localCandidateId: "l", remoteCandidateId: "r" };
  const selected = { id: "t", type: "transport", selectedCandidatePairId: "p" };

  /** Reads the facts of connections that tell these statistics, one after another. */
  async function factsOf(...readings: { id: string; [member: string]: unknown }[][]) {
    const getStats = async () => new Map((readings.shift() ?? []).map((each) => [each.id, each]));
    const read = createFactsReader({ getStats } as unknown as RTCPeerConnection);
    const facts = [];
    for (const _ of [...readings]) facts.push(await read());
    return facts;
  }

  test.each([
    ["host", "host", "direct"],
    ["host", "prflx", "direct"],
    ["prflx", "host", "reflexive"],
    ["srflx", "host", "reflexive"],
    ["host", "srflx", "reflexive"],
    ["relay", "host", "relayed"],
    ["srflx", "relay", "relayed"],
  ])("%s to %s is %s", async (local, remote, path) => {
    const [facts] = await factsOf([
      { ...pair, timestamp: 0 },
      selected,
      { id: "l", type: "local-candidate", candidateType: local },
      { id: "r", type: "remote-candidate", candidateType: remote },
    ]);
    expect(facts?.path).toBe(path);
  });

  test("bit rates are those since the reading before; the round trip is in milliseconds", async () => {
    const rtt = { currentRoundTripTime: 0.012 };
    const [first, second] = await factsOf(
      [{ ...pair, ...rtt, timestamp: 1_000, bytesReceived: 1_000, bytesSent: 0 }, selected],
      [{ ...pair, ...rtt, timestamp: 3_000, bytesReceived: 2_000, bytesSent: 500 }, selected],
    );
    expect(first).toEqual({ path: "direct", roundTripMs: 12 });
    expect(second).toMatchObject({ receivedBitsPerSecond: 4_000, sentBitsPerSecond: 2_000 });
  });

  test("without a transport it is the pair that was nominated; without a pair there is nothing", async () => {
    const nominated = { ...pair, timestamp: 0, state: "succeeded", nominated: true };
    const rtcp = { id: "x", type: "remote-inbound-rtp", roundTripTime: 0.2 };
    expect(
      await factsOf([{ ...nominated, nominated: false, id: "q" }, nominated, rtcp], []),
    ).toEqual([{ path: "direct", roundTripMs: 200 }, {}]);
  });
});
