/** The room in the query of the handshake, by which load balancers choose a node. */

import type { Socket } from "socket.io";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { SignalingClient } from "../../src/client/index.ts";
import { heardOf, joined, resumed, startScripted } from "../support/scripted-server.ts";
import { startServer } from "../support/server.ts";

const roomOf = ({ socket }: { socket: Socket }) => socket.handshake.query["room"];
/** As a lost network does. */
const cut = ({ socket }: { socket: Socket }) => socket.conn.close(true);

// Clients come back at a random time. Here it is at once.
beforeAll(() => {
  vi.spyOn(Math, "random").mockReturnValue(0);
});
afterAll(() => {
  vi.restoreAllMocks();
});

test("the first handshake names the room of the options, and none without it", async () => {
  const { create, next } = await startScripted();
  create({ room: "a+b" });
  expect(roomOf(await next("connection"))).toBe("a+b");
  create();
  expect((await next("connection")).socket.handshake.query).not.toHaveProperty("room");
});

test("a failed try and a join that is refused change nothing", async () => {
  const { create, next } = await startScripted();
  const client = create({ room: "demo" });
  cut(await next("connection"));
  const second = await next("connection");
  expect(roomOf(second)).toBe("demo");
  const joining = client.join("full").catch(({ code }) => code);
  (await next("join")).reply({ ok: false, error: { code: "room_full", message: "no" } });
  expect(await joining).toBe("room_full");
  cut(second);
  expect(roomOf(await next("connection"))).toBe("demo");
});

test("later handshakes name the room that was joined last, left or not", async () => {
  const { create, next } = await startScripted();
  const client = create({ room: "first" });
  const first = await next("connection");
  const join = async (room: string) => {
    const joining = client.join(room);
    (await next("join")).reply(joined());
    await joining;
  };
  await join("second");
  cut(first);
  const second = await next("connection");
  expect(roomOf(second)).toBe("second");
  (await next("resume")).reply(resumed(0));
  await heardOf(client, "resume");
  await join("third");
  const leaving = client.leave();
  (await next("leave")).reply({ ok: true });
  await leaving;
  cut(second);
  expect(roomOf(await next("connection"))).toBe("third");
});

test("a client without the option names the room it has joined, beside the query of its URL", async () => {
  const server = await startServer();
  const queries: (string | undefined)[] = [];
  server.httpServer.prependListener("request", ({ url = "" }) => {
    const { searchParams } = new URL(url, server.url);
    queries.push(`${searchParams.get("tenant")} ${searchParams.get("room")}`);
  });
  const client = new SignalingClient(`${server.url}?tenant=7`, { transports: ["polling"] });
  onTestFinished(() => client.close());
  const { self } = await client.join("demo");
  await client.leave();
  // Those of the connection that is open stay with its node.
  expect(new Set(queries.splice(0))).toEqual(new Set(["7 null"]));
  server.io.sockets.sockets.get(self.id)?.conn.close();
  await heardOf(client, "connect");
  expect(queries).toContain("7 demo");
});
