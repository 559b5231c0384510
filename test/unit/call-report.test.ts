/** What is told of a connection, and when, by what the browser says of it. */

import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { CallObserver } from "../../src/client/call-report.ts";
import { Mesh, readCallStats } from "../../src/client/index.ts";
import type { CallReport } from "../../src/protocol/call-report.ts";
import { FakeConnection, FakeSignaling, fakeConnections, settled } from "../support/fakes.ts";

/** Statistics of a path between candidates of these types. */
const path = (local: string, remote = "host", more: object = {}) => [
  { id: "t", type: "transport", selectedCandidatePairId: "p" },
  {
    id: "p",
    type: "candidate-pair",
    timestamp: 0,
    localCandidateId: "l",
    remoteCandidateId: "r",
    currentRoundTripTime: 0.02,
  },
  { id: "l", type: "local-candidate", candidateType: local, ...more },
  { id: "r", type: "remote-candidate", candidateType: remote },
];
const rtp = (packetsLost: number, packetsReceived: number) => ({
  id: `rtp ${packetsReceived}`,
  type: "inbound-rtp",
  packetsLost,
  packetsReceived,
});
const OFFER = { type: "offer", sdp: "v=0\r\n" } as const;
const ANSWER = {
  type: "answer",
  sdp: "v=0\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n",
} as const;

/** An observed connection, and what is told of it. */
function observe() {
  const connection = new FakeConnection({});
  const told: CallReport[] = [];
  const signaling = new FakeSignaling();
  const closing = new AbortController();
  onTestFinished(() => closing.abort());
  const observer = new CallObserver(connection as unknown as RTCPeerConnection, (report) =>
    told.push(report),
  );
  observer.follow(FakeSignaling.asClient(signaling), closing.signal);
  const refuse = (errorCode: number) =>
    connection.dispatchEvent(Object.assign(new Event("icecandidateerror"), { errorCode }));
  return { connection, told, signaling, close: () => closing.abort(), refuse };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a connection that comes up", () => {
  test("is told once, with its path, and its end with the latest figures", async () => {
    const { connection, told, close } = observe();
    connection.stats = path("host");
    await vi.advanceTimersByTimeAsync(300);
    connection.becomes("connected");
    await settled();
    expect(told).toEqual([{ outcome: "connected", ms: 300, path: "host", rttMs: 20 }]);
    connection.stats = [
      ...path("relay", "host", { relayProtocol: "tls" }),
      rtp(-1, 50),
      rtp(5, 45),
    ];
    await vi.advanceTimersByTimeAsync(10_000);
    // What comes after the last reading isn't seen, and a change of state is no news.
    connection.stats = [];
    for (const state of ["disconnected", "failed", "connected"] as const) connection.becomes(state);
    await vi.advanceTimersByTimeAsync(11_000);
    close();
    expect(told.slice(1)).toEqual([
      { outcome: "ended", ms: 21_000, path: "relay/tls", rttMs: 20, lostPercent: 5 },
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("is told as soon as there are statistics, with the time at which it came up", async () => {
    const { connection, told, close } = observe();
    connection.becomes("connected");
    await vi.advanceTimersByTimeAsync(2_500);
    expect(told).toEqual([]);
    connection.stats = path("prflx");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toMatchObject([{ outcome: "connected", ms: 0, path: "prflx" }]);
    close();
    expect(told).toHaveLength(2);
  });

  test("that is closed before there are statistics, says nothing", async () => {
    const { connection, told, close } = observe();
    connection.stats = path("host");
    connection.becomes("connected");
    close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told).toEqual([]);
  });

  test("tells its end when the page is left, and not again", async () => {
    const { connection, told, signaling, close } = observe();
    connection.stats = path("host");
    connection.becomes("connected");
    await settled();
    signaling.tell("pagehide", {});
    close();
    expect(told.map(({ outcome }) => outcome)).toEqual(["connected", "ended"]);
  });
});

describe("a connection that doesn't come up", () => {
  test("has failed when nobody has answered for 20 s; it may come up later", async () => {
    const { connection, told, close } = observe();
    connection.localDescription = OFFER;
    await vi.advanceTimersByTimeAsync(19_999);
    expect(told).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(told).toEqual([{ outcome: "failed", ms: 20_000, reason: "no_answer" }]);
    connection.stats = path("srflx");
    connection.becomes("connected");
    await settled();
    close();
    expect(told.map(({ outcome }) => outcome)).toEqual(["failed", "connected", "ended"]);
  });

  test("has failed when the browser says so, once", async () => {
    const { connection, told, close } = observe();
    connection.localDescription = OFFER;
    connection.remoteDescription = ANSWER;
    connection.iceConnectionState = "checking";
    await vi.advanceTimersByTimeAsync(30_000);
    expect(told).toEqual([]);
    for (const state of ["failed", "connecting", "failed"] as const) connection.becomes(state);
    close();
    expect(told).toEqual([{ outcome: "failed", ms: 30_000, reason: "ice" }]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("has failed when there is nothing to try after 20 s", async () => {
    const { connection, told } = observe();
    connection.localDescription = OFFER;
    connection.remoteDescription = ANSWER;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(told).toEqual([{ outcome: "failed", ms: 20_000, reason: "ice" }]);
  });

  test.each([
    [4_999, []],
    [5_000, [{ outcome: "failed", ms: 5_000, reason: "ice" }]],
  ])("that is given up after %i ms had a chance or not", async (ms, expected) => {
    const { connection, told, close } = observe();
    connection.localDescription = OFFER;
    connection.remoteDescription = ANSWER;
    await vi.advanceTimersByTimeAsync(ms);
    close();
    expect(told).toEqual(expected);
  });

  test.each([
    ["no_candidates", { remoteDescription: { ...ANSWER, sdp: "v=0\r\n" } }],
    ["ice", { remoteDescription: ANSWER }],
    ["dtls", { remoteDescription: ANSWER, iceConnectionState: "connected" }],
    ["dtls", { remoteDescription: ANSWER, iceConnectionState: "completed" }],
    ["relay_refused", { remoteDescription: ANSWER }, 401],
    ["relay_refused", { remoteDescription: { ...ANSWER, sdp: "v=0\r\n" } }, 486],
    // A server that can't be reached hasn't refused; and another one may have taken us.
    ["ice", { remoteDescription: ANSWER }, 701],
    [
      "ice",
      {
        remoteDescription: ANSWER,
        localDescription: { type: "offer", sdp: "a=candidate:1 1 udp 1 192.0.2.1 9 typ relay" },
      },
      403,
    ],
  ] as const)("says why: %s", (reason, state, errorCode = undefined) => {
    const { connection, told, refuse } = observe();
    connection.localDescription = OFFER;
    Object.assign(connection, state);
    if (errorCode) refuse(errorCode);
    connection.becomes("failed");
    expect(told).toEqual([{ outcome: "failed", ms: 0, reason }]);
  });
});

describe("a mesh", () => {
  async function call(callReports?: boolean) {
    const { made } = fakeConnections();
    const signaling = new FakeSignaling();
    signaling.joined.users = [{ id: "Ada", name: "" }];
    const mesh = new Mesh(
      FakeSignaling.asClient(signaling),
      callReports === undefined ? {} : { callReports },
    );
    await mesh.join("demo");
    const [connection] = made;
    if (connection) connection.stats = path("host");
    connection?.becomes("connected");
    await settled();
    return { signaling, mesh };
  }

  test("tells of each peer, its own leave included, before it leaves", async () => {
    const { signaling, mesh } = await call();
    await mesh.leave();
    expect(signaling.reports).toMatchObject([
      ["Ada", { outcome: "connected" }],
      ["Ada", { outcome: "ended" }],
    ]);
    expect(signaling.log.slice(-2)).toEqual(["ended of Ada", "leave"]);
  });

  test("tells nothing where it is switched off", async () => {
    const { signaling, mesh } = await call(false);
    await mesh.leave();
    expect(signaling.reports).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test.each([
  ["host", "prflx", {}, "host"],
  ["srflx", "host", {}, "srflx"],
  ["prflx", "srflx", {}, "prflx"],
  ["relay", "host", { relayProtocol: "udp" }, "relay/udp"],
  ["relay", "relay", { relayProtocol: "tcp" }, "relay/tcp"],
  ["relay", "srflx", { relayProtocol: "tls" }, "relay/tls"],
  // The other end's relay, which we reach like any peer.
  ["host", "relay", {}, "relay/udp"],
])("the path from %s to %s %j is %s", async (local, remote, more, expected) => {
  const connection = new FakeConnection({});
  connection.stats = path(local, remote, more);
  const stats = await readCallStats(connection as unknown as RTCPeerConnection);
  expect(stats?.path).toBe(expected);
});
