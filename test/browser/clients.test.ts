/** Clients as they come: the lesson's, default ones, WebSocket only, and one that is no JavaScript. */

import { io, type Socket } from "socket.io-client";
import { describe, expect, onTestFinished, test } from "vitest";
import { TestClient } from "../support/client.ts";
import { RawClient } from "../support/raw.ts";
import { startServer } from "../support/server.ts";

const heard = (socket: Socket, event: string) =>
  new Promise((resolve) => socket.once(event, (...args: unknown[]) => resolve(args)));

describe("clients", () => {
  test("the lesson's clients work unchanged", async () => {
    const server = await startServer();
    // As the lesson has it: io() and fire-and-forget, one argument an event.
    const [ada, bob] = [io(server.url, { forceNew: true }), io(server.url, { forceNew: true })];
    onTestFinished(() => {
      ada.disconnect();
      bob.disconnect();
    });
    await Promise.all([heard(ada, "connect"), heard(bob, "connect")]);
    ada.emit("join", { room: "demo", name: "Ada" });
    expect(await heard(ada, "room_users")).toEqual([[]]);
    bob.emit("join", { room: "demo", name: "Bob" });
    expect(await heard(bob, "room_users")).toEqual([[{ id: ada.id, name: "Ada" }]]);

    for (const [sender, event, receiver, relayed, payload] of [
      [bob, "offer", ada, "getOffer", { type: "offer", sdp: "from Bob" }],
      [ada, "answer", bob, "getAnswer", { type: "answer", sdp: "from Ada" }],
      [ada, "candidate", bob, "getCandidate", { candidate: "c", sdpMid: "0", sdpMLineIndex: 0 }],
    ] as const) {
      sender.emit(event, payload);
      expect(await heard(receiver, relayed)).toEqual([payload, { from: sender.id }]);
    }

    const { id } = ada;
    ada.disconnect();
    expect(await heard(bob, "user_exit")).toEqual([{ id }]);
  });

  test("a default client begins with polling and is in the room throughout its upgrade", async () => {
    const server = await startServer();
    const ada = new TestClient(server.url, { transports: ["polling", "websocket"] });
    const manager = ada.socket.io;
    const upgraded = new Promise((resolve) => {
      manager.once("open", () => {
        expect(manager.engine.transport.name).toBe("polling");
        manager.engine.once("upgrade", resolve);
      });
    });
    const bob = await server.connect();
    await bob.join("demo");
    await ada.connect();
    await ada.join("demo");
    const acks = Array.from({ length: 50 }, (_, n) => bob.offer(String(n), { to: ada.id }));
    await upgraded;
    await Promise.all(acks);
    await ada.settled();
    expect(ada.all("getOffer").map(([{ sdp }]) => sdp)).toEqual(acks.map((_, n) => String(n)));
    expect(bob.all("user_exit")).toEqual([]);
  });

  test.each(["polling", "websocket"])(
    "%s alone will do, and TRANSPORTS shuts out the rest",
    async (transport) => {
      const server = await startServer({ TRANSPORTS: transport });
      const ada = await server.connect({ transports: [transport] });
      expect(await ada.join("demo")).toMatchObject({ ok: true });
      const other = transport === "polling" ? "websocket" : "polling";
      await expect(server.connect({ transports: [other] })).rejects.toThrow();
    },
  );

  test("a client of another language speaks protocol 4 by hand", async () => {
    const server = await startServer();
    const ada = await server.connect();
    await ada.join("demo", "Ada");
    const raw = await RawClient.connect(server.url);
    raw.send('42["join",{"room":"demo","name":"Rust"}]');
    expect(await raw.frame(/room_users/)).toBe(
      `42["room_users",[{"id":"${ada.id}","name":"Ada"}]]`,
    );
    raw.send(`427["offer",{"type":"offer","sdp":"x"},{"to":"${ada.id}"}]`);
    expect(await raw.frame(/^437/)).toBe('437[{"ok":true,"delivered":1}]');
    const [peer] = await ada.next("user_joined");
    expect(await ada.next("getOffer")).toEqual([{ type: "offer", sdp: "x" }, { from: peer.id }]);
    raw.send("41");
    expect(await ada.next("user_exit")).toEqual([{ id: peer.id }]);
  });
});
