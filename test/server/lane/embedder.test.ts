/** What an application hooks onto `io` for its own sees what it would see without the lane. */

import { describe, expect, test } from "vitest";
import type { SignalingSocket } from "../../../src/signaling/socket.ts";
import { startServer } from "../../support/server.ts";
import { allOf, delivered, gather, heardOffer, offer, WAYS } from "./peers.ts";

/** Puts a hook onto a socket, which tells what it sees; gives what takes it off again. */
type Hook = (socket: SignalingSocket, see: (seen: unknown[]) => void) => () => void;

/** Without types: an application's sockets have other events than ours. */
interface Loose {
  on(name: string, listener: (...args: unknown[]) => void): unknown;
  off(name: string, listener: (...args: unknown[]) => void): unknown;
  emit(name: string, ...args: unknown[]): unknown;
}
const loose = (emitter: object) => emitter as Loose;

/** Arguments, the callback named. */
const plain = (args: unknown[]) =>
  args.map((arg) => (typeof arg === "function" ? "callback" : arg));
const SENT = { type: "offer", sdp: "x" };

const HOOKS: readonly [string, Hook, unknown[]][] = [
  [
    "socket.on(offer)",
    (socket, see) => {
      const listener = (...args: unknown[]) => see(plain(args));
      loose(socket).on("offer", listener);
      return () => loose(socket).off("offer", listener);
    },
    [SENT, "callback"],
  ],
  [
    "socket.onAny",
    (socket, see) => {
      const listener = (...args: unknown[]) => see(plain(args));
      socket.onAny(listener);
      return () => socket.offAny(listener);
    },
    ["offer", SENT, "callback"],
  ],
  [
    "socket.prependAny",
    (socket, see) => {
      const listener = (...args: unknown[]) => see(plain(args));
      socket.prependAny(listener);
      return () => socket.offAny(listener);
    },
    ["offer", SENT, "callback"],
  ],
  [
    "socket.use",
    (socket, see) => {
      socket.use((event, next) => {
        see(plain(event));
        next();
      });
      return () => socket["fns"].splice(0);
    },
    ["offer", SENT, "callback"],
  ],
  [
    "the connection's packets",
    (socket, see) => {
      const listener = (packet: unknown) => see([packet]);
      loose(socket.conn).on("packet", listener);
      return () => loose(socket.conn).off("packet", listener);
    },
    [{ type: "message", data: offer("x", 5).slice(1) }],
  ],
  [
    "the connection's messages",
    (socket, see) => {
      const listener = (data: unknown) => see([data]);
      loose(socket.conn).on("message", listener);
      return () => loose(socket.conn).off("message", listener);
    },
    [offer("x", 5).slice(1)],
  ],
];

describe.each(WAYS)("%s", (_, lane) => {
  test.each(HOOKS)(
    "%s sees each offer once, as soon as it is there",
    async (_what, hook, expected) => {
      const server = await startServer({}, { lane });
      const [ada, bob] = await gather(server, {}, {});
      const seat = ada.seat;
      if (!seat) throw new Error("not connected");
      const seen: unknown[] = [];
      await ada.send([offer("before")], "at once");
      const unhook = hook(seat, (args) => seen.push(args));
      await ada.line?.write([offer("x", 5)]);
      await expect.poll(() => ada.heard).toContainEqual(delivered(5, 1));
      unhook();
      await ada.send([offer("after")], "at once");
      expect(seen).toEqual([expected]);
      expect(await allOf(bob)).toEqual(["before", "x", "after"].map((sdp) => heardOffer(sdp, ada)));
    },
  );

  test("what it hooks onto sockets as they connect, before or after us, sees everything", async () => {
    const server = await startServer({}, { lane });
    const seen: string[] = [];
    const hook = (socket: SignalingSocket) => {
      loose(socket).on("candidates", () => seen.push("its own"));
    };
    server.io.prependListener("connection", hook as never);
    server.io.on("connection", hook);
    const [ada] = await gather(server, {}, {});
    await ada.send(['42["candidates",[null]]', '42["candidates",5]'], "at once");
    expect(seen).toEqual(Array(4).fill("its own"));
  });

  test("what it answers to events of its own keeps its place", async () => {
    const server = await startServer({}, { lane });
    server.io.on("connection", (socket) => {
      loose(socket).on("chat", (text) => loose(socket).emit("chat", text));
    });
    const [ada, bob] = await gather(server, {}, {});
    await ada.send([offer(1, 1), '42["chat","hello"]', offer(3, 3)], "at once");
    expect(await allOf(ada)).toEqual([
      delivered(1, 1),
      // To us, an event of an unknown name.
      expect.stringContaining('42["signal_error",{"event":"chat"'),
      delivered(3, 1),
      // Its listeners are called in a later tick than ours.
      '42["chat","hello"]',
    ]);
    expect(await allOf(bob)).toEqual([1, 3].map((n) => heardOffer(n, ada)));
  });

  test("a binary message that it emits isn't torn apart by what is relayed meanwhile", async () => {
    const server = await startServer({}, { lane });
    const [ada, bob] = await gather(server, {}, {});
    const emit = () => loose(server.io).emit("chat", Buffer.from("attached"));
    loose(ada.seat?.conn ?? {}).on("packet", emit);
    await ada.send(
      Array.from({ length: 20 }, (_, n) => offer(n)),
      "at once",
    );
    const heard = await allOf(bob);
    for (const [n, packet] of heard.entries()) {
      if (packet.startsWith("451-")) expect(heard[n + 1]).toBe("attached");
    }
    expect(heard.filter((packet) => packet === "attached").length).toBeGreaterThan(20);
  });
});
