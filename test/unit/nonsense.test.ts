/** A server that answers nonsense: the client drops it, or says so; nothing is thrown past it. */

import { Server } from "socket.io";
import { expect, onTestFinished, test } from "vitest";
import { Mesh, SignalingClient, type SignalingEvents } from "../../src/client/index.ts";

const NONSENSE = [null, 7, "x", [], {}, [null], { id: {}, name: 1 }, { from: 1, sdp: 1, type: 1 }];
const EVENTS = ["user_joined", "user_exit", "getOffer", "getAnswer", "getCandidate"];
const TOLD = ["peerjoin", "peerleave", "description", "candidate", "error"] as const;

/** A server that answers each event with what `answer` gives, and the connection of a client to it. */
async function connect(answer: (event: string) => unknown) {
  const io = new Server(0, { transports: ["websocket"] });
  onTestFinished(() => void io.close());
  io.on("connection", (socket) =>
    socket.onAny((event: string, ...args: unknown[]) => {
      const reply = args.at(-1);
      if (typeof reply === "function") reply(answer(event));
    }),
  );
  const address = io.httpServer.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const signaling = new SignalingClient(`http://127.0.0.1:${port}`, { transports: ["websocket"] });
  onTestFinished(() => signaling.close());
  const rejections: unknown[] = [];
  const record = (error: unknown) => rejections.push(error);
  process.on("unhandledRejection", record);
  onTestFinished(() => void process.off("unhandledRejection", record));
  await new Promise((resolve) => signaling.addEventListener("connect", resolve));
  return { io, signaling, rejections };
}

test("events that can't be understood are dropped", async () => {
  const { io, signaling, rejections } = await connect(() => undefined);
  const told: (keyof SignalingEvents)[] = [];
  for (const type of TOLD) signaling.addEventListener(type, () => void told.push(type));
  for (const event of [...EVENTS, "getCandidates", "signal_error", "room_users", "other"]) {
    io.emit(event);
    for (const value of NONSENSE) for (const other of NONSENSE) io.emit(event, value, other);
  }
  const description = { type: "rollback", sdp: "" };
  io.emit("getOffer", description, { from: "Eve" });
  io.emit("getCandidates", ["x", null], { from: "Eve" });
  const last = new Promise((resolve) => signaling.addEventListener("peerjoin", resolve));
  io.emit("user_joined", { id: "__proto__", name: "Eve" });
  expect(await last).toMatchObject({ peer: { id: "__proto__" } });
  expect([told, rejections]).toEqual([["candidate", "peerjoin"], []]);
});

const JOINED = { ok: true, self: { id: "a", name: "" }, users: [], iceTransportPolicy: "all" };

test.each([
  ...NONSENSE,
  { ok: "yes" },
  { ok: false },
  { ok: false, error: null },
  { ok: true },
  { ...JOINED, iceServers: "stun:x" },
  { ...JOINED, iceServers: [null] },
  { ...JOINED, iceServers: [], users: [{ id: 1 }] },
  { ...JOINED, iceServers: [], users: {} },
])("a join that is answered %j rejects, and leaves nothing behind", async (answer) => {
  const { signaling, rejections } = await connect(() => answer);
  const mesh = new Mesh(signaling);
  await expect(mesh.join("demo")).rejects.toMatchObject({ code: "internal" });
  await expect(signaling.renewIceServers()).rejects.toMatchObject({ code: "internal" });
  expect([mesh.state, mesh.peers, rejections]).toEqual(["idle", [], []]);
});
