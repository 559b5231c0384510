/** The mesh in a real Chromium, with a fake camera. */

import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { lacksBrowser, launchBrowser } from "../../support/browser.ts";
import { createCaller, seeEachOther } from "../../support/calls.ts";
import { startServer } from "../../support/server.ts";

async function setUp() {
  const server = await startServer();
  const browser = await launchBrowser();
  return { server, browser, ...(await createCaller(browser, server.url)) };
}

/** Counts from now on, on the page where there are more, the offers that crossed one of its own. */
async function countCollisions(pages: readonly Page[]) {
  for (const page of pages) {
    await page.evaluate(() => {
      window.collisions = 0;
      window.signaling.addEventListener("description", ({ description }) => {
        const state = window.mesh.peers[0]?.connection?.signalingState;
        if (description.type === "offer" && state !== "stable") window.collisions++;
      });
    });
  }
  return async () =>
    Math.max(...(await Promise.all(pages.map((p) => p.evaluate(() => window.collisions)))));
}

describe.skipIf(lacksBrowser())("mesh", { timeout: 120_000 }, () => {
  test("two, three people: every pair decodes each other's frames", async () => {
    const { join } = await setUp();
    const pages = [await join("demo", "Ada"), await join("demo", "Bob")];
    await seeEachOther(pages);
    pages.push(await join("demo", "Cyd"));
    await seeEachOther(pages);
    const names = () => window.mesh.peers.map(({ name }) => name);
    expect(await pages[0]?.evaluate(names)).toEqual(["Bob", "Cyd"]);
  });

  test("candidates that are found together travel together", async () => {
    const { server, join } = await setUp();
    const sent: [event: string, payload: unknown][] = [];
    const delivered: [event: string, payload: unknown][] = [];
    server.io.on("connection", (socket) => {
      socket.onAny((event, payload) => sent.push([event, payload]));
      const { conn } = socket;
      const { write } = conn;
      conn.write = (data, ...more) => {
        if (data.startsWith("2[")) delivered.push(JSON.parse(data.slice(1)));
        return write.call(conn, data, ...more);
      };
    });
    await seeEachOther([await join(), await join()]);
    const lists = sent.flatMap(([event, list]) => (event === "candidates" ? [list] : []));
    expect(lists).toContainEqual(
      expect.objectContaining({ length: expect.toSatisfy((n) => n > 1) }),
    );
    expect(sent.map(([event]) => event)).not.toContain("candidate");
    const arrived = delivered.flatMap(([event, list]) => (event === "getCandidates" ? [list] : []));
    expect(arrived).toEqual(lists.slice(0, arrived.length));
    expect(arrived.length).toBeGreaterThan(1);
    expect(delivered.map(([event]) => event)).not.toContain("getCandidate");
  });

  test("glare: both add a track in the same moment, 20 times, and it always settles", async () => {
    const { join } = await setUp();
    const [ada, bob] = [await join(), await join()];
    await seeEachOther([ada, bob]);
    const collisions = await countCollisions([ada, bob]);
    let settled = 0;
    for (let round = 1; round <= 20; round++) {
      const moment = Date.now() + 100;
      await Promise.all(
        [ada, bob].map((page) =>
          page.evaluate(async (moment) => {
            const [track] = document.createElement("canvas").captureStream().getTracks();
            if (!track) throw new Error("no track");
            // Both pages wait for the same tick of the one clock they share.
            while (Date.now() < moment) await Promise.resolve();
            window.mesh.addTrack(track, new MediaStream([track]));
          }, moment),
        ),
      );
      for (const page of [ada, bob]) {
        await page.waitForFunction((round) => {
          const connection = window.mesh.peers[0]?.connection;
          if (connection?.signalingState !== "stable") return false;
          const directions = connection.getTransceivers().map((t) => t.currentDirection ?? "");
          const count = (direction: RegExp) => directions.filter((d) => direction.test(d)).length;
          // Camera, microphone and one more each round, both ways.
          return count(/^send/) === 2 + round && count(/recv/) === 2 + round;
        }, round);
      }
      settled++;
    }
    expect(settled).toBe(20);
    // Offers did cross: otherwise nothing was proven.
    expect(await collisions()).toBeGreaterThan(5);
    for (const page of [ada, bob]) {
      expect(await page.evaluate(() => window.errors)).toEqual([]);
      expect(await page.evaluate(() => window.mesh.peers[0]?.connection?.connectionState)).toBe(
        "connected",
      );
    }
    await seeEachOther([ada, bob]);
  });

  test.each(["as they came", "after the first one has come back"])(
    "glare of ICE restarts, %s: the picture goes on",
    async (when) => {
      const { server, join } = await setUp();
      const [ada, bob] = [await join(), await join()];
      await seeEachOther([ada, bob]);
      if (when !== "as they came") {
        const id = await ada.evaluate(() => window.signaling.id);
        server.io.sockets.sockets.get(id ?? "")?.conn.close();
        await bob.waitForFunction((id) => window.mesh.peers[0]?.id !== id, id);
        await seeEachOther([ada, bob]);
      }
      const collisions = await countCollisions([ada, bob]);
      while ((await collisions()) < 3) {
        const moment = Date.now() + 100;
        await Promise.all(
          [ada, bob].map((page) =>
            page.evaluate(async (moment) => {
              while (Date.now() < moment) await Promise.resolve();
              window.dispatchEvent(new Event("online"));
            }, moment),
          ),
        );
        for (const page of [ada, bob]) {
          await page.waitForFunction(() => {
            const connection = window.mesh.peers[0]?.connection;
            return (
              connection?.signalingState === "stable" &&
              connection.iceConnectionState === "connected"
            );
          });
        }
      }
      await seeEachOther([ada, bob]);
    },
  );

  test("a track that is added, replaced and removed arrives, changes and goes", async () => {
    const { join } = await setUp();
    const [ada, bob] = [await join(), await join()];
    await seeEachOther([ada, bob]);
    const width = () =>
      bob.evaluate(async () => {
        const stats = await window.mesh.peers[0]?.connection?.getStats();
        const widths = [...(stats?.values() ?? [])]
          .filter(({ type, kind }) => type === "inbound-rtp" && kind === "video")
          .map(({ frameWidth }) => frameWidth);
        return Math.max(...widths);
      });
    await ada.evaluate(async () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 322, height: 242 });
      const [screen] = canvas.captureStream(30).getTracks();
      const [camera] = window.camera.getVideoTracks();
      const context = canvas.getContext("2d");
      const draw = () => {
        context?.fillRect(Math.random() * 300, 0, 9, 200);
        requestAnimationFrame(draw);
      };
      draw();
      if (!screen || !camera) throw new Error("no track");
      await window.mesh.replaceTrack(camera, screen);
    });
    while ((await width()) !== 322) await bob.evaluate(() => new Promise(requestAnimationFrame));
    await ada.evaluate(() => {
      for (const track of window.camera.getAudioTracks()) window.mesh.removeTrack(track);
    });
    await bob.waitForFunction(() =>
      window.mesh.peers[0]?.connection
        ?.getTransceivers()
        .some(({ currentDirection }) => currentDirection === "sendonly"),
    );
    // Who comes later gets what is sent now: a screen, and no sound.
    const cyd = await join();
    await cyd.waitForFunction(() => {
      const receiving = window.mesh.peers[0]?.connection
        ?.getTransceivers()
        .filter(({ currentDirection }) => currentDirection === "sendrecv");
      return receiving?.length === 1;
    });
    for (const page of [ada, bob, cyd]) {
      expect(await page.evaluate(() => window.errors)).toEqual([]);
    }
  });

  test("data channels carry messages both ways", async () => {
    const { join } = await setUp();
    const [ada, bob] = [await join(), await join()];
    for (const page of [ada, bob]) {
      await page.waitForFunction(() => window.mesh.peers[0]?.channels.has("chat"));
    }
    for (const [from, to] of [
      [ada, bob],
      [bob, ada],
    ] as const) {
      const heard = to.evaluate(
        () =>
          new Promise<unknown>((resolve) => {
            const channel = window.mesh.peers[0]?.channels.get("chat");
            channel?.addEventListener("message", ({ data }) => resolve(data), { once: true });
          }),
      );
      expect(await from.evaluate(() => window.mesh.send("chat", "hello"))).toBe(1);
      expect(await heard).toBe("hello");
    }
  });

  test("after leave nothing is left: no connection, no listener; and one may join again", async () => {
    const { join, open } = await setUp();
    const [ada, bob] = [await open(), await join()];
    const listeners = await ada.evaluate(() => window.listeners());
    for (let round = 0; round < 3; round++) {
      await ada.evaluate(() => window.mesh.join("demo"));
      await seeEachOther([ada, bob]);
      expect(await ada.evaluate(() => window.listeners())).toBeGreaterThan(listeners);
      expect(await ada.evaluate(() => window.openConnections())).toBe(1);
      await ada.evaluate(() => window.mesh.leave());
      expect(await ada.evaluate(() => window.openConnections())).toBe(0);
      expect(await ada.evaluate(() => window.listeners())).toBe(listeners);
      expect(await ada.evaluate(() => [window.mesh.state, window.mesh.peers])).toEqual([
        "idle",
        [],
      ]);
      await bob.waitForFunction(() => window.mesh.peers.length === 0);
      expect(await bob.evaluate(() => window.openConnections())).toBe(0);
    }
  });

  test("a tab that is closed disconnects at once", async () => {
    // With these heartbeats, waiting for a timeout would take ten minutes.
    const server = await startServer({ PING_INTERVAL_MS: "300000", PING_TIMEOUT_MS: "300000" });
    const { join } = await createCaller(await launchBrowser(), server.url);
    const [ada, bob] = [await join(), await join()];
    await seeEachOther([ada, bob]);
    await bob.close({ runBeforeUnload: false });
    await ada.waitForFunction(() => window.mesh.peers.length === 0);
    expect(server.maps.socketToRoom.size).toBe(1);
  });

  test("another network, or a failed connection, restarts ICE and the call goes on", async () => {
    const { join } = await setUp();
    const [ada, bob] = [await join(), await join()];
    await seeEachOther([ada, bob]);
    const ufrag = () =>
      bob.evaluate(
        () =>
          window.mesh.peers[0]?.connection?.remoteDescription?.sdp.match(/a=ice-ufrag:(\S+)/)?.[1],
      );
    for (const cause of ["network", "failure"]) {
      const before = await ufrag();
      await ada.evaluate((cause) => {
        const connection = window.mesh.peers[0]?.connection;
        if (cause === "network") window.dispatchEvent(new Event("online"));
        else {
          Object.defineProperty(connection, "connectionState", {
            value: "failed",
            configurable: true,
          });
          connection?.dispatchEvent(new Event("connectionstatechange"));
          if (connection) Reflect.deleteProperty(connection, "connectionState");
        }
      }, cause);
      await bob.waitForFunction(
        (before) =>
          !window.mesh.peers[0]?.connection?.remoteDescription?.sdp.includes(
            `a=ice-ufrag:${before}`,
          ),
        before,
      );
      for (const page of [ada, bob]) {
        await page.waitForFunction(
          () => window.mesh.peers[0]?.connection?.iceConnectionState === "connected",
        );
      }
    }
    await seeEachOther([ada, bob]);
  });

  test("the server restarts in mid-call: everyone is back within 10 s, and a newcomer can join", async () => {
    const first = await startServer();
    const { join } = await createCaller(await launchBrowser(), first.url);
    const pages = [await join(), await join(), await join()];
    await seeEachOther(pages);
    await first.close();
    for (const page of pages) {
      await page.waitForFunction(() => window.mesh.state === "reconnecting");
      // Media doesn't go through the server.
      expect(await page.evaluate(() => window.mesh.peers.length)).toBe(2);
    }
    const back = performance.now();
    await startServer({ PORT: new URL(first.url).port });
    for (const page of pages) await page.waitForFunction(() => window.mesh.state === "joined");
    await seeEachOther(pages);
    expect(performance.now() - back).toBeLessThan(10_000);
    await seeEachOther([...pages, await join()]);
  });
});
