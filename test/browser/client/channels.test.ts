/** Data channels of a mesh that close, fill up and share a label. */

import { describe, expect, test } from "vitest";
import { lacksBrowser, launchBrowser } from "../../support/browser.ts";
import { createCaller } from "../../support/calls.ts";
import { startServer } from "../../support/server.ts";

async function setUp() {
  const server = await startServer();
  const { join } = await createCaller(await launchBrowser(), server.url);
  const pages = [await join(), await join(), await join()] as const;
  for (const page of pages) {
    await page.waitForFunction(
      () =>
        window.mesh.peers.length === 2 &&
        window.mesh.peers.every(({ channels }) => channels.has("chat")),
    );
  }
  return pages;
}

describe.skipIf(lacksBrowser())("data channels", { timeout: 60_000 }, () => {
  test("one that closes, and one that fails, keep nothing from the others", async () => {
    const [ada] = await setUp();
    const told = await ada.evaluate(() => {
      const { mesh } = window;
      const [first, second] = mesh.peers;
      const failed: unknown[] = [];
      mesh.addEventListener("error", ({ peer }) => failed.push(peer?.id === first?.id));
      // What a full buffer does.
      Object.assign(first?.channels.get("chat") ?? {}, {
        send: () => {
          throw new DOMException("full", "OperationError");
        },
      });
      const withOneFull = mesh.send("chat", "hello");
      second?.channels.get("chat")?.close();
      // Closing, but its event is still to come.
      const stillThere = second?.channels.has("chat");
      return { withOneFull, failed, stillThere, withNone: mesh.send("chat", "hello") };
    });
    expect(told).toEqual({
      withOneFull: 1,
      // At each of the two sends.
      failed: [true, true],
      stillThere: true,
      withNone: 0,
    });
  });

  test("of two of the same label the older one's end leaves the newer one", async () => {
    const [ada, bob] = await setUp();
    const bobsId = await bob.evaluate(() => window.signaling.id);
    await ada.evaluate((bobsId) => {
      const bob = window.mesh.peers.find(({ id }) => id === bobsId);
      const older = bob?.channels.get("chat");
      if (!older) throw new Error("no channel");
      window.gone = new Promise((resolve) => older.addEventListener("close", resolve));
    }, bobsId);
    const replaced = ada.evaluate(
      () =>
        new Promise((resolve) => {
          window.mesh.addEventListener("datachannel", () => resolve(true), { once: true });
        }),
    );
    await bob.evaluate(async () => {
      const [ada] = window.mesh.peers;
      const older = ada?.channels.get("chat");
      const newer = ada?.connection?.createDataChannel("chat");
      await new Promise((resolve) => newer?.addEventListener("open", resolve));
      older?.close();
    });
    await replaced;
    await ada.evaluate(() => window.gone);
    expect(
      await ada.evaluate(
        (bobsId) =>
          window.mesh.peers.find(({ id }) => id === bobsId)?.channels.get("chat")?.readyState,
        bobsId,
      ),
    ).toBe("open");
  });
});
