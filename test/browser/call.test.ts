/** The documentation's examples, word for word, in pages of a real browser. */

import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { lacksBrowser, launchBrowser, servePage } from "../support/browser.ts";
import { documentedExample } from "../support/examples.ts";
import { startServer } from "../support/server.ts";

/** Resolves when so many remote pictures are there, and each has moved for ten frames. */
async function movingPictures(page: Page, videos: string, count: number): Promise<void> {
  await page.waitForFunction(
    ([selector, count]) => {
      const videos = [...document.querySelectorAll<HTMLVideoElement>(selector)];
      const moving = videos.filter(
        (video) => video.videoWidth > 2 && video.getVideoPlaybackQuality().totalVideoFrames >= 10,
      );
      return videos.length === count && moving.length === count;
    },
    [videos, count] as const,
  );
}

describe.skipIf(lacksBrowser())("the documented examples", { timeout: 120_000 }, () => {
  test.each([
    ["ten lines with the client", "client.js", "video"],
    ["plain socket.io-client", "socket.io", "#others video"],
  ] as const)(
    "%s: pages see each other's moving picture, leave, and are told",
    async (_what, uses, videos) => {
      const server = await startServer();
      const url = await servePage(documentedExample(uses, server.url));
      const browser = await launchBrowser();
      const open = async () => {
        const context = await browser.newContext({ permissions: ["camera", "microphone"] });
        const page = await context.newPage();
        page.on("pageerror", (error) => expect.soft(error).toBeUndefined());
        await page.goto(url);
        return page;
      };
      const ada = await open();
      const bob = await open();
      for (const page of [ada, bob]) await movingPictures(page, videos, 1);
      expect(server.maps.rooms.get("demo")?.size).toBe(2);

      // A third one joins the same call.
      const cyd = await open();
      for (const page of [ada, bob, cyd]) await movingPictures(page, videos, 2);

      // A closed tab disconnects, as the button does.
      if (uses === "socket.io") await ada.click("#hang-up");
      else await ada.close();
      for (const page of [bob, cyd]) await movingPictures(page, videos, 1);
      await cyd.close();
      await movingPictures(bob, videos, 0);
      expect(server.maps.rooms.get("demo")?.size).toBe(1);
    },
  );

  test("the first one's script is at most ten lines", () => {
    const [, script = ""] =
      documentedExample("client.js", "").match(/<script[^>]*>(.*)<\/script>/s) ?? [];
    expect(script.trim().split("\n").length).toBeLessThanOrEqual(10);
  });
});
