import { describe, expect, test } from "vitest";
import { MAX_CANDIDATE_BYTES, MAX_SDP_BYTES } from "../../../src/protocol/limits.ts";
import { startServer } from "../../support/server.ts";

const offer = { type: "offer", sdp: "x" };

/** Events that are refused: what, event, arguments, code. Each is sent by a member of a room. */
const REFUSED: [string, string, unknown[], string][] = [
  ["join without a room", "join", [{}], "bad_request"],
  ["join to a full room", "join", [{ room: "full" }], "room_full"],
  ["offer without arguments", "offer", [], "bad_request"],
  ["offer of null", "offer", [null], "bad_request"],
  ["offer of a string", "offer", ["v=0"], "bad_request"],
  ["offer without sdp", "offer", [{ type: "offer" }], "bad_request"],
  ["offer without type", "offer", [{ sdp: "x" }], "bad_request"],
  ["offer of type rollback", "offer", [{ type: "rollback", sdp: "" }], "bad_request"],
  ["offer with a list for sdp", "offer", [{ type: "offer", sdp: ["x"] }], "bad_request"],
  [
    "offer too large",
    "offer",
    [{ type: "offer", sdp: "x".repeat(MAX_SDP_BYTES + 1) }],
    "too_large",
  ],
  [
    "offer too large in bytes",
    "offer",
    [{ type: "offer", sdp: "é".repeat(MAX_SDP_BYTES / 2 + 1) }],
    "too_large",
  ],
  ["offer to nobody", "offer", [offer, { to: "nobody" }], "peer_not_found"],
  ["offer to a number", "offer", [offer, { to: 7 }], "bad_request"],
  ["answer of a list", "answer", [[]], "bad_request"],
  ["candidate without arguments", "candidate", [], "bad_request"],
  ["candidate of a number", "candidate", [{ candidate: 7 }], "bad_request"],
  ["candidate without candidate", "candidate", [{}], "bad_request"],
  [
    "candidate with a negative line",
    "candidate",
    [{ candidate: "c", sdpMLineIndex: -1 }],
    "bad_request",
  ],
  [
    "candidate with half a line",
    "candidate",
    [{ candidate: "c", sdpMLineIndex: 0.5 }],
    "bad_request",
  ],
  [
    "candidate with a line of 65536",
    "candidate",
    [{ candidate: "c", sdpMLineIndex: 65_536 }],
    "bad_request",
  ],
  [
    "candidate with a number for sdpMid",
    "candidate",
    [{ candidate: "c", sdpMid: 0 }],
    "bad_request",
  ],
  [
    "candidate too large",
    "candidate",
    [{ candidate: "c".repeat(MAX_CANDIDATE_BYTES + 1) }],
    "too_large",
  ],
  [
    "candidate with an endless sdpMid",
    "candidate",
    [{ candidate: "c", sdpMid: "m".repeat(257) }],
    "too_large",
  ],
  [
    "candidate with an endless fragment",
    "candidate",
    [{ candidate: "c", usernameFragment: "u".repeat(257) }],
    "too_large",
  ],
  ["an unknown event", "shout", ["hello"], "bad_request"],
  ["an event named like a prototype member", "__proto__", [], "bad_request"],
  ["an event named error", "error", [{ message: "boom" }], "bad_request"],
  ["an event that only the server sends", "getOffer", [offer], "bad_request"],
];

/** Ada and Bob in a room, and a full one beside it. */
async function setUp() {
  const server = await startServer({ MAX_PEERS_PER_ROOM: "2" });
  const [ada, bob, cyd, dan] = await Promise.all([1, 2, 3, 4].map(() => server.connect()));
  if (!ada || !bob || !cyd || !dan) throw new Error("unreachable");
  await ada.join("demo");
  await bob.join("demo");
  await cyd.join("full");
  await dan.join("full");
  await Promise.all([ada, bob, cyd, dan].map((client) => client.settled()));
  return { server, ada, bystanders: [bob, cyd, dan] };
}

describe("errors", () => {
  test.each(REFUSED)("[E1] %s changes nothing and reaches nobody", async (_what, event, args) => {
    const { server, ada, bystanders } = await setUp();
    const heard = bystanders.map((client) => client.received.length);
    const seats = new Map(server.maps.socketToRoom);
    ada.socket.emit(event, ...args);
    await ada.request(event, ...args);
    await Promise.all(bystanders.map((client) => client.settled()));
    expect(bystanders.map((client) => client.received.length)).toEqual(heard);
    expect(server.maps.socketToRoom).toEqual(seats);
  });

  test.each(REFUSED)(
    "[E2] %s: the error is the acknowledgement, or a signal_error",
    async (_what, event, args, code) => {
      const { ada, bystanders } = await setUp();
      const error = { code, message: expect.stringMatching(/.{10}/) };
      expect(await ada.request(event, ...args)).toEqual({ ok: false, error });
      await ada.settled();
      expect(ada.all("signal_error")).toEqual([]);
      ada.socket.emit(event, ...args);
      expect(await ada.next("signal_error")).toEqual([{ event, ...error }]);
      // The connection goes on, and so does everyone's.
      expect(await ada.offer("next")).toEqual({ ok: true, delivered: 1 });
      expect(await bystanders[0]?.next("getOffer")).toEqual([
        { type: "offer", sdp: "next" },
        { from: ada.id },
      ]);
    },
  );

  test.each([
    ["at once", () => fail("out of order")],
    ["late", async () => fail("out of order")],
  ])(
    "[E2] a fault of the server's own, %s, is answered `internal`, with the id it is logged under",
    async (_, route) => {
      const server = await startServer({ LOG_LEVEL: "error" });
      const [ada, bob] = [await server.connect(), await server.connect()];
      await ada.join("demo");
      await bob.join("demo");
      Object.assign(server.rooms, { route });
      const ack = await ada.offer("x");
      expect(ack).toMatchObject({ ok: false, error: { code: "internal" } });
      const [, errorId = "none"] = (!ack.ok && ack.error.message.match(/([0-9a-f-]{36})/)) || [];
      expect(server.log.join("")).toContain(errorId);
      expect(JSON.stringify(ack)).not.toContain("out of order");
      // A fault while a socket goes is logged as well, and ends nothing.
      server.rooms.leave = async () => fail("gone wrong");
      ada.socket.disconnect();
      await server.untilConnections(1);
      expect(server.log.join("")).toContain("gone wrong");
      expect(await bob.join("demo")).toMatchObject({ ok: true });
    },
  );

  test("[E2] the largest payloads that are allowed get through", async () => {
    const { ada, bystanders } = await setUp();
    const sdp = "x".repeat(MAX_SDP_BYTES);
    expect(await ada.offer(sdp)).toEqual({ ok: true, delivered: 1 });
    expect((await bystanders[0]?.next("getOffer"))?.[0]).toEqual({ type: "offer", sdp });
    const candidate = { candidate: "c".repeat(MAX_CANDIDATE_BYTES), sdpMid: "m".repeat(256) };
    expect(await ada.request("candidate", candidate)).toEqual({ ok: true, delivered: 1 });
  });

  test.each([
    ["as the payload", "offer", [Buffer.from("x")]],
    ["as a member", "offer", [{ type: "offer", sdp: Buffer.from("x") }]],
    ["as a candidate", "candidate", [{ candidate: new Uint8Array(8) }]],
    ["as a target", "offer", [offer, Buffer.from("x")]],
    ["as a room", "join", [{ room: Buffer.from("demo") }]],
    ["in an unknown event", "shout", [Buffer.from("x"), Buffer.from("y")]],
  ])("[E3] a binary value %s is refused without harm", async (_what, event, args) => {
    const { ada, bystanders } = await setUp();
    const ack = await ada.request(event, ...args);
    expect(ack).toMatchObject({ ok: false, error: { code: "bad_request" } });
    ada.socket.emit(event, ...args);
    expect(await ada.next("signal_error")).toMatchObject([{ event, code: "bad_request" }]);
    await Promise.all(bystanders.map((client) => client.settled()));
    for (const client of bystanders) expect(client.all("getOffer")).toEqual([]);
  });

  test("[E3] an unknown event is refused by name, surplus arguments are not", async () => {
    const { ada } = await setUp();
    expect(await ada.request("dance")).toMatchObject({ error: { code: "bad_request" } });
    expect(await ada.request("leave", { room: "demo" }, "surplus")).toEqual({ ok: true });
  });
});

function fail(message: string): never {
  throw new Error(message);
}
