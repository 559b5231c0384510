import { describe, expect, test } from "vitest";
import { startServer, UNLIMITED } from "../../support/server.ts";

describe("leaving", () => {
  test.each(["leave", "disconnect", "connection lost"])(
    "[L1] %s: user_exit once, to those who are left and nobody else",
    async (how) => {
      const server = await startServer();
      const [ada, bob, cyd, eve] = await Promise.all([1, 2, 3, 4].map(() => server.connect()));
      if (!ada || !bob || !cyd || !eve) throw new Error("unreachable");
      for (const client of [ada, bob, cyd]) await client.join("demo");
      await eve.join("other");
      const { id } = ada;
      if (how === "leave") await ada.leave();
      if (how === "disconnect") ada.socket.disconnect();
      if (how === "connection lost") ada.socket.io.engine.close();
      expect(await bob.next("user_exit")).toEqual([{ id }]);
      expect(await cyd.next("user_exit")).toEqual([{ id }]);
      if (how === "leave") {
        // Gone already: its disconnect is no second exit.
        ada.socket.disconnect();
        await server.untilConnections(3);
      }
      await Promise.all([bob, cyd, eve].map((client) => client.settled()));
      expect(bob.all("user_exit")).toHaveLength(1);
      expect(cyd.all("user_exit")).toHaveLength(1);
      expect(eve.all("user_exit")).toEqual([]);
      expect(ada.all("user_exit")).toEqual([]);
    },
  );

  test("[L2] the last one out takes the room with it", async () => {
    const server = await startServer();
    const [ada, bob] = [await server.connect(), await server.connect()];
    await ada.join("demo");
    await bob.join("demo");
    await ada.leave();
    expect([...server.maps.rooms.keys()]).toEqual(["demo"]);
    expect([...server.maps.socketToRoom.keys()]).toEqual([bob.id]);
    bob.socket.disconnect();
    await server.untilConnections(1);
    expect(server.maps.rooms.size).toBe(0);
    expect(server.maps.socketToRoom.size).toBe(0);
  });

  test("[L2] after 10,000 cycles of join and leave neither map keeps anything", async () => {
    const server = await startServer(UNLIMITED);
    const clients = await Promise.all(Array.from({ length: 10 }, () => server.connect()));
    for (const [n, { socket }] of clients.entries()) {
      for (let cycle = 0; cycle < 1_000; cycle++) {
        const room = `room-${(cycle * 7 + n) % 50}`;
        socket.emit("join", { room });
        // Every other time by way of a second room.
        if (cycle % 2 === 0) socket.emit("join", { room: `${room}-next` });
        socket.emit("leave");
      }
    }
    await Promise.all(clients.map((client) => client.settled()));
    expect(server.maps.rooms.size).toBe(0);
    expect(server.maps.socketToRoom.size).toBe(0);
  });

  test("[L3] leave outside a room is answered ok", async () => {
    const server = await startServer();
    const ada = await server.connect();
    expect(await ada.leave()).toEqual({ ok: true });
    await ada.join("demo");
    expect(await ada.leave()).toEqual({ ok: true });
    expect(await ada.leave()).toEqual({ ok: true });
  });
});
