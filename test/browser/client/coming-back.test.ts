/** The way back after a lost connection, of a mesh without anybody to call. */

import { describe, expect, onTestFinished, test } from "vitest";
import {
  Mesh,
  type MeshState,
  SignalingClient,
  type SignalingOptions,
} from "../../../src/client/index.ts";
import { lacksBrowser, launchBrowser } from "../../support/browser.ts";
import { layCable } from "../../support/cable.ts";
import { createCaller, seeEachOther } from "../../support/calls.ts";
import { startServer, type TestServer } from "../../support/server.ts";
import { mint, SECRET } from "../../support/tokens.ts";

function createMesh(url: string, options: SignalingOptions = {}) {
  const signaling = new SignalingClient(url, options);
  onTestFinished(() => signaling.close());
  const mesh = new Mesh(signaling);
  const errors: unknown[] = [];
  mesh.addEventListener("error", ({ error }) => errors.push(error));
  /** Resolves when the mesh gets to that state. */
  const reaches = (state: MeshState) =>
    new Promise<void>((resolve) => {
      mesh.addEventListener("statechange", (event) => event.state === state && resolve());
    });
  return { signaling, mesh, errors, reaches };
}

/** Cuts everybody's connection, as a lost network does. */
function cut({ io }: TestServer): void {
  for (const socket of io.sockets.sockets.values()) socket.conn.close(true);
}

/** How often somebody has asked for a seat since. */
function countJoins({ io }: TestServer): () => number {
  let joins = 0;
  io.on("connection", (socket) => socket.onAny((event) => event === "join" && joins++));
  return () => joins;
}

describe("coming back", () => {
  test("a token function that fails is asked again: the call goes on", async () => {
    const server = await startServer({ AUTH_SECRET: SECRET });
    let asked = 0;
    const token = async () => {
      asked++;
      if (asked === 2) throw new Error("the network is not up yet");
      return mint();
    };
    const { mesh, errors, reaches } = createMesh(server.url, { token });
    await mesh.join("demo");
    const back = reaches("joined");
    cut(server);
    await back;
    expect(asked).toBe(3);
    expect(errors).toEqual([]);
  });

  test.each(["removed", "room_closed"])(
    "who is %s hears of it once, is idle, and doesn't come back by itself",
    async (code) => {
      const server = await startServer();
      const { signaling, mesh, errors, reaches } = createMesh(server.url);
      await mesh.join("demo");
      const states: MeshState[] = [];
      mesh.addEventListener("error", () => states.push(mesh.state));
      const idle = reaches("idle");
      const lost = new Promise((resolve) => signaling.addEventListener("disconnect", resolve));
      if (code === "removed") await server.disconnect(mesh.self?.id ?? "");
      else await server.closeRoom("demo");
      await idle;
      expect(await lost).toMatchObject({ willReconnect: false });
      expect(errors).toMatchObject([{ code }]);
      expect(states).toEqual(["idle"]);
    },
  );

  test("who is refused on the way back is told, and is in no room", async () => {
    const server = await startServer({ AUTH_SECRET: SECRET });
    let token = await mint();
    const { mesh, errors, reaches } = createMesh(server.url, { token: () => token });
    await mesh.join("demo");
    token = "void";
    const over = reaches("idle");
    cut(server);
    await over;
    expect(errors).toMatchObject([{ code: "unauthorized" }]);
    token = await mint();
    await mesh.join("demo");
    expect(mesh.state).toBe("joined");
  });
});

describe.skipIf(lacksBrowser())("coming back to a full room", { timeout: 60_000 }, () => {
  test("without a seat that waits, our lost connection keeps its own until the server notices", async () => {
    const server = await startServer({
      MAX_PEERS_PER_ROOM: "2",
      PING_INTERVAL_MS: "3000",
      PING_TIMEOUT_MS: "3000",
    });
    const browser = await launchBrowser();
    const cable = await layCable(server.url);
    const ada = await (await createCaller(browser, cable.url, { resume: false })).join();
    const bob = await (await createCaller(browser, server.url)).join();
    await seeEachOther([ada, bob]);
    const joins = countJoins(server);
    cable.cut();
    await ada.waitForFunction(() => window.mesh.state === "reconnecting");
    await ada.waitForFunction(() => window.mesh.state !== "reconnecting");
    expect(await ada.evaluate(() => window.states)).toEqual([
      "joining",
      "joined",
      "reconnecting",
      "joined",
    ]);
    expect(joins()).toBeGreaterThan(1);
    await seeEachOther([ada, bob]);
  });
});
