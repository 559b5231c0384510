/** The real thing: the README's example, word for word, in two pages of a real browser. */

import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { lacksBrowser, launchBrowser, servePage } from "./support/browser.ts";
import { startServer } from "./support/server.ts";

const README = readFileSync(new URL("../README.md", import.meta.url), "utf8");

/** The README's page, with the address of this test's server in place of the default one. */
function readmePage(url: string): string {
  const [, html] = README.match(/```html\n(<!doctype html>.*?)```/s) ?? [];
  if (!html?.includes("http://localhost:3000")) throw new Error("the README has no such example");
  return html.replaceAll("http://localhost:3000", url);
}

/** Resolves when so many remote pictures are there, and each has moved for ten frames. */
async function movingPictures(page: Page, count: number): Promise<void> {
  await page.waitForFunction((count) => {
    const videos = [...document.querySelectorAll<HTMLVideoElement>("#others video")];
    const moving = videos.filter(
      (video) => video.videoWidth > 2 && video.getVideoPlaybackQuality().totalVideoFrames >= 10,
    );
    return videos.length === count && moving.length === count;
  }, count);
}

test.skipIf(lacksBrowser())(
  "two pages see each other's moving picture, hang up, and are told",
  {
    timeout: 120_000,
  },
  async () => {
    const server = await startServer();
    const url = await servePage(readmePage(server.url));
    const browser = await launchBrowser();
    const open = async () => {
      const page = await (
        await browser.newContext({ permissions: ["camera", "microphone"] })
      ).newPage();
      page.on("pageerror", (error) => expect.soft(error).toBeUndefined());
      await page.goto(url);
      return page;
    };
    const ada = await open();
    const bob = await open();

    for (const page of [ada, bob]) await movingPictures(page, 1);
    expect(server.maps.rooms.get("demo")?.size).toBe(2);

    // A third one joins the same call.
    const cyd = await open();
    for (const page of [ada, bob, cyd]) await movingPictures(page, 2);

    await ada.click("#hang-up");
    for (const page of [bob, cyd]) await movingPictures(page, 1);
    // A tab that is closed says goodbye as well.
    await cyd.close();
    await bob.waitForFunction(() => document.querySelectorAll("#others video").length === 0);
    expect(server.maps.rooms.get("demo")?.size).toBe(1);
  },
);
