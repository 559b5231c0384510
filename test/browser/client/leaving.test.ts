/** Joins and leaves of one mesh that nobody waits for. */

import { expect, onTestFinished, test } from "vitest";
import { Mesh, SignalingClient } from "../../../src/client/index.ts";
import { startServer } from "../../support/server.ts";
import { mint, SECRET } from "../../support/tokens.ts";

async function setUp() {
  const server = await startServer();
  const signaling = new SignalingClient(server.url);
  onTestFinished(() => signaling.close());
  // Connected, so that requests go out at once.
  await signaling.join("before");
  await signaling.leave();
  const asked: string[] = [];
  for (const socket of server.io.sockets.sockets.values()) socket.onAny((e) => asked.push(e));
  return { server, signaling, mesh: new Mesh(signaling), asked };
}

test("join, leave, join, as React's StrictMode does: one session, which leave ends", async () => {
  const { server, signaling, mesh } = await setUp();
  const states: string[] = [];
  const first = expect(mesh.join("demo")).rejects.toThrow();
  const left = mesh.leave();
  await mesh.join("demo");
  await Promise.all([first, left]);
  expect(mesh.state).toBe("joined");
  expect(server.maps.socketToRoom.get(signaling.id ?? "")).toBe("demo");

  await mesh.leave();
  mesh.addEventListener("statechange", ({ state }) => states.push(state));
  expect(server.maps.socketToRoom.size).toBe(0);
  // Whatever session were left would come back to the room.
  const back = new Promise((resolve) => signaling.addEventListener("connect", resolve));
  for (const socket of server.io.sockets.sockets.values()) socket.conn.close(true);
  await back;
  await signaling.leave();
  expect(states).toEqual([]);
  expect(server.maps.socketToRoom.size).toBe(0);
});

test("a join that is left before its answer is in rejects, and takes no seat", async () => {
  const { server, signaling, mesh, asked } = await setUp();
  const joining = expect(mesh.join("demo")).rejects.toThrow();
  await mesh.leave();
  await joining;
  expect(mesh.state).toBe("idle");
  await signaling.leave();
  expect(server.maps.socketToRoom.size).toBe(0);
  expect(asked).not.toContain("join");
});

test("of two joins at once the second stands, also when it is made by a listener of the first's end", async () => {
  const { server, signaling, mesh } = await setUp();
  await mesh.join("one");
  let inner: Promise<void> | undefined;
  mesh.addEventListener(
    "statechange",
    ({ state }) => {
      if (state === "idle") inner = mesh.join("three");
    },
    { once: true },
  );
  await expect(mesh.join("two")).rejects.toThrow();
  await inner;
  expect(mesh.state).toBe("joined");
  expect([...server.maps.socketToRoom]).toEqual([[signaling.id, "three"]]);
});

test("self is who the server says, until the room is left", async () => {
  const { url } = await startServer({ AUTH_SECRET: SECRET });
  const signaling = new SignalingClient(url, { token: () => mint({ name: "Ada" }) });
  onTestFinished(() => signaling.close());
  const mesh = new Mesh(signaling);
  expect(mesh.self).toBeUndefined();
  await mesh.join("demo", { name: "Mallory" });
  expect(mesh.self).toEqual({ id: signaling.id, name: "Ada" });
  await mesh.leave();
  expect(mesh.self).toBeUndefined();
});
