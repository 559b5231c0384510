import { describe, expect, test } from "vitest";
import type { TestClient } from "../../support/client.ts";
import { seededRandom } from "../../support/random.ts";
import { startServer, type TestServer, UNLIMITED } from "../../support/server.ts";
import { SlowRooms } from "../../support/slow-rooms.ts";

const RELAYED = [
  ["offer", "getOffer", { type: "offer", sdp: "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\n" }],
  ["answer", "getAnswer", { type: "answer", sdp: "v=0\r\n" }],
  [
    "candidate",
    "getCandidate",
    {
      candidate: "candidate:1 1 udp 1 198.51.100.7 9 typ host",
      sdpMid: "0",
      sdpMLineIndex: 0,
      usernameFragment: "uf",
    },
  ],
] as const;

/** As many clients in a room, in order of their joins. */
async function joined(server: TestServer, room: string, count: number): Promise<TestClient[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => server.connect()));
  for (const client of clients) await client.join(room);
  return clients;
}

async function settled(...clients: TestClient[]): Promise<void> {
  await Promise.all(clients.map((client) => client.settled()));
}

/** The first of a list that surely has one. */
function only<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined) throw new Error("the list is empty");
  return item;
}

describe("relaying", () => {
  test.each(RELAYED)(
    "[R1] %s reaches everyone else in the room, and nobody elsewhere",
    async (event, relayed, payload) => {
      const server = await startServer();
      const mine = await joined(server, "mine", 3);
      const theirs = await joined(server, "theirs", 2);
      const outside = await server.connect();
      const sender = only(mine);
      expect(await sender.request(event, payload)).toEqual({ ok: true, delivered: 2 });
      await settled(...mine, ...theirs, outside);
      for (const receiver of mine.slice(1)) {
        expect(receiver.all(relayed)).toEqual([[payload, { from: sender.id }]]);
      }
      for (const other of [sender, ...theirs, outside]) expect(other.all(relayed)).toEqual([]);
    },
  );

  test("[R1] no shape of target reaches another room, or the sender", async () => {
    const server = await startServer();
    const [ada, bob] = await joined(server, "mine", 2);
    const cyd = only(await joined(server, "theirs", 1));
    if (!ada || !bob) throw new Error("unreachable");
    const targets = [
      { to: cyd.id },
      { to: "theirs" },
      { to: "mine" },
      { to: "room:theirs" },
      { to: "" },
      { to: ada.id },
      { to: [cyd.id] },
      { to: [] },
      { to: null },
      { to: { id: cyd.id } },
      [cyd.id],
      [],
      cyd.id,
      "theirs",
      { to: `${cyd.id}\u0000` },
      { to: "__proto__" },
      { to: 7 },
      { to: true },
    ];
    for (const target of targets) {
      const ack = await ada.request("offer", { type: "offer", sdp: "canary" }, target);
      expect(ack, JSON.stringify(target)).toMatchObject({ ok: false });
    }
    await settled(ada, bob, cyd);
    for (const client of [ada, bob, cyd]) expect(client.all("getOffer")).toEqual([]);
  });

  test("[R2] with a target it reaches that one peer", async () => {
    const server = await startServer();
    const [ada, bob, cyd] = await joined(server, "demo", 3);
    if (!ada || !bob || !cyd) throw new Error("unreachable");
    expect(await ada.offer("for Cyd", { to: cyd.id })).toEqual({ ok: true, delivered: 1 });
    expect(await cyd.next("getOffer")).toEqual([
      { type: "offer", sdp: "for Cyd" },
      { from: ada.id },
    ]);
    await settled(ada, bob);
    expect(bob.all("getOffer")).toEqual([]);
  });

  test("[R2] an unknown peer, one elsewhere and oneself get the same answer", async () => {
    const server = await startServer();
    const ada = only(await joined(server, "mine", 1));
    const bob = only(await joined(server, "theirs", 1));
    const unknown = await ada.offer("x", { to: "nobody" });
    expect(unknown).toEqual({
      ok: false,
      error: { code: "peer_not_found", message: "there is no such peer in your room" },
    });
    expect(await ada.offer("x", { to: bob.id })).toEqual(unknown);
    expect(await ada.offer("x", { to: ada.id })).toEqual(unknown);
    await settled(bob);
    expect(bob.all("getOffer")).toEqual([]);
  });

  test.each([false, true])(
    "[R3] what one sends to another arrives in the order sent, addressed or not (slow registry: %s)",
    async (slow) => {
      const random = seededRandom();
      const server = await startServer(UNLIMITED, {
        wrapRooms: (rooms) => (slow ? new SlowRooms(rooms, random) : rooms),
      });
      const [ada, bob] = await joined(server, "demo", 2);
      if (!ada || !bob) throw new Error("unreachable");
      const acks = Array.from({ length: 500 }, (_, n) => {
        const target = n % 3 === 0 ? [{ to: bob.id }] : [];
        return n % 7 === 0
          ? ada.request("offer", { type: "offer", sdp: String(n) }, ...target)
          : ada.request("candidate", { candidate: String(n) }, ...target);
      });
      await Promise.all(acks);
      await bob.settled();
      const arrived = bob.received
        .filter(({ event }) => event === "getOffer" || event === "getCandidate")
        .map(({ args: [payload] }) => Number(Object.values(payload as object).at(-1)));
      expect(arrived).toEqual(Array.from({ length: 500 }, (_, n) => n));
    },
  );

  test("[R4] the sender can't choose `from`", async () => {
    const server = await startServer();
    const [ada, bob] = await joined(server, "demo", 2);
    if (!ada || !bob) throw new Error("unreachable");
    const forged = { from: "forged" };
    await ada.request(
      "offer",
      { type: "offer", sdp: "x", ...forged },
      { to: bob.id, ...forged },
      forged,
    );
    expect(await bob.next("getOffer")).toEqual([{ type: "offer", sdp: "x" }, { from: ada.id }]);
  });

  test.each([
    ["offer", "getOffer", { type: "offer", sdp: "" }],
    ["answer", "getAnswer", { type: "pranswer", sdp: "a\u2028\0é🦉 \r\n" }],
    ["candidate", "getCandidate", null],
    ["candidate", "getCandidate", { candidate: "" }],
    [
      "candidate",
      "getCandidate",
      { candidate: "", sdpMid: null, sdpMLineIndex: null, usernameFragment: null },
    ],
    ["candidate", "getCandidate", { candidate: "candidate:1", sdpMLineIndex: 65_535 }],
    ["candidate", "getCandidate", { candidate: "a=candidate:1", sdpMid: "" }],
  ] as const)(
    "[R5] %s arrives as %s with its members, value for value: %j",
    async (event, relayed, payload) => {
      const server = await startServer();
      const [ada, bob] = await joined(server, "demo", 2);
      if (!ada || !bob) throw new Error("unreachable");
      await ada.request(event, payload);
      expect(await bob.next(relayed)).toEqual([payload, { from: ada.id }]);
    },
  );

  test.each(RELAYED)("[R5] unknown members of %s are dropped", async (event, relayed, payload) => {
    const server = await startServer();
    const [ada, bob] = await joined(server, "demo", 2);
    if (!ada || !bob) throw new Error("unreachable");
    await ada.request(event, { ...payload, foundation: "1", toJSON: 1, extra: { deep: [] } });
    expect(await bob.next(relayed)).toEqual([payload, { from: ada.id }]);
  });

  test("[R6] alone in the room, a payload is delivered to 0", async () => {
    const server = await startServer();
    const ada = only(await joined(server, "demo", 1));
    const elsewhere = await joined(server, "other", 2);
    expect(await ada.offer("anyone?")).toEqual({ ok: true, delivered: 0 });
    await settled(...elsewhere);
    for (const client of elsewhere) expect(client.all("getOffer")).toEqual([]);
  });

  test.each(RELAYED)(
    "[R7] %s outside a room answers not_in_room",
    async (event, relayed, payload) => {
      const server = await startServer();
      const [bob] = await joined(server, "demo", 1);
      const ada = await server.connect();
      const refusal = { ok: false, error: { code: "not_in_room", message: expect.any(String) } };
      expect(await ada.request(event, payload)).toEqual(refusal);
      expect(await ada.request(event, payload, { to: bob?.id })).toEqual(refusal);
      await ada.join("demo");
      await ada.leave();
      expect(await ada.request(event, payload)).toEqual(refusal);
      await bob?.settled();
      expect(bob?.all(relayed)).toEqual([]);
    },
  );

  test("[R8] candidates sent together arrive one by one, in order", async () => {
    const server = await startServer();
    const [ada, bob, cyd] = await joined(server, "mine", 3);
    if (!ada || !bob || !cyd) throw new Error("too few clients");
    const candidates = [{ candidate: "a" }, { candidate: "b", sdpMid: null }, null];
    const to = { to: bob.id };
    expect(await ada.request("candidates", candidates, to)).toEqual({ ok: true, delivered: 1 });
    await settled(bob, cyd);
    const from = { from: ada.id };
    expect(bob.all("getCandidate")).toEqual(candidates.map((candidate) => [candidate, from]));
    expect(cyd.all("getCandidate")).toEqual([]);
  });

  test("[R8] they arrive as one list where that was asked for, in order with all else", async () => {
    const server = await startServer();
    const [ada, bob, cyd] = await joined(server, "mine", 3);
    if (!ada || !bob || !cyd) throw new Error("too few clients");
    expect(await cyd.request("join", { room: "mine", candidateLists: true })).toMatchObject({
      ok: true,
      self: { id: cyd.id, name: expect.any(String) },
    });
    const candidates = [{ candidate: "a" }, { candidate: "b", sdpMid: null }, null];
    const arrived: unknown[] = [];
    cyd.socket.onAny((...received) => arrived.push(received));
    await ada.request("candidate", { candidate: "before" });
    expect(await ada.request("candidates", candidates)).toEqual({ ok: true, delivered: 2 });
    await ada.request("candidate", { candidate: "after" });
    await settled(bob, cyd);
    const from = { from: ada.id };
    expect(arrived).toEqual([
      ["getCandidate", { candidate: "before" }, from],
      ["getCandidates", candidates, from],
      ["getCandidate", { candidate: "after" }, from],
    ]);
    expect(bob.all("getCandidates")).toEqual([]);
    expect(bob.all("getCandidate")).toHaveLength(5);
    // Nobody else is told of it.
    expect(bob.all("user_joined").flat()).toContainEqual({ id: cyd.id, name: expect.any(String) });
    // The newest join counts.
    await cyd.join("mine");
    await ada.request("candidates", candidates, { to: cyd.id });
    await settled(cyd);
    expect(arrived).toHaveLength(3 + 1 + candidates.length);
  });

  test.each([
    ["bad_request", [{ candidate: "a" }, { candidate: 1 }], /^1\.candidate must be a string/],
    ["too_large", [{ candidate: "x".repeat(2_049) }], /^0\.candidate is over its limit/],
    ["bad_request", [], /^the list must not be empty/],
    ["bad_request", new Array(65).fill(null), /^the list must be at most 64/],
    ["bad_request", { candidate: "a" }, /^the list must be a list of candidates/],
  ])("[R8] a list with a fault is refused whole: %s", async (code, candidates, message) => {
    const server = await startServer();
    const [ada, bob] = await joined(server, "mine", 2);
    if (!ada || !bob) throw new Error("too few clients");
    expect(await ada.request("candidates", candidates)).toEqual({
      ok: false,
      error: { code, message: expect.stringMatching(message) },
    });
    await settled(bob);
    expect(bob.all("getCandidate")).toEqual([]);
  });
});
