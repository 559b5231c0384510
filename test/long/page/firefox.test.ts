/** Chromium and Firefox in one call, through the page. */

import type { Page } from "puppeteer-core";
import { expect, onTestFinished, test } from "vitest";
import type { ReceivedCallReport } from "../../../src/signaling/call-reports.ts";
import { lacksBrowser, launchBrowser } from "../../support/browser.ts";
import { lacksFirefox, launchFirefox } from "../../support/firefox.ts";
import { Person } from "../../support/person.ts";
import { startServer } from "../../support/server.ts";

/** Joins as somebody named Fay, in Firefox. */
async function joinInFirefox(url: string): Promise<Page> {
  const page = await (await launchFirefox()).newPage();
  page.on("pageerror", (error) => expect.soft(error, "an error in Firefox").toBeUndefined());
  await page.goto(`${url}/?room=demo`);
  await page.locator("#name").fill("Fay");
  await page.waitForSelector(".preview.on");
  await page.locator("#lobby .primary").click();
  await page.waitForSelector("#call:not([hidden])");
  return page;
}

/** Resolves when ten frames of the other's picture were shown. Firefox counts them for files alone. */
async function seesOther(page: Page): Promise<void> {
  await page.waitForSelector(".tile.picture:not(.self)");
  await page.$eval(".tile:not(.self) video", (video) => {
    return new Promise<void>((resolve) => {
      let frames = 0;
      const count = () => (++frames < 10 ? video.requestVideoFrameCallback(count) : resolve());
      count();
    });
  });
}

test.skipIf(lacksBrowser() || lacksFirefox()).each(["Chromium", "Firefox"])(
  "%s comes first, and each sees the other; chat, state and facts, too",
  { timeout: 90_000 },
  async (first) => {
    const reports: ReceivedCallReport[] = [];
    const { url } = await startServer({}, { onReport: (report) => void reports.push(report) });
    const chromium = await launchBrowser();
    const fay = first === "Firefox" ? await joinInFirefox(url) : undefined;
    const ada = await Person.inCall(chromium, url, { name: "Ada" });
    const firefox = fay ?? (await joinInFirefox(url));
    onTestFinished(() => firefox.close());
    await Promise.all([ada.sees(1), seesOther(firefox)]);

    await firefox.locator("#call [data-control=mute]").click();
    await ada.tile("Fay").getByText("muted").waitFor({ state: "attached" });
    await ada.press("Chat");
    await ada.write("Good morning");
    await firefox.waitForFunction(() => {
      return document.querySelector("#toast")?.textContent === "Ada: Good morning";
    });
    await firefox.waitForFunction(() => {
      const facts = document.querySelector(".tile:not(.self) .facts")?.textContent ?? "";
      return /connected.*Direct.*\d ms.*\d [kM]bit/s.test(facts);
    });
    // Camera off and on again: a blank takes the camera's place, and gives it back.
    await firefox.locator("#call [data-control=camera]").click();
    await ada.tile("Fay").locator(".avatar").waitFor();
    await firefox.locator("#call [data-control=camera]").click();
    await ada.seesMotion();
    await firefox.locator("[data-control=leave]").click();
    await ada.hears("Fay has left.");
    // Both tell that the call has connected, and how it was.
    const outcomes = () => reports.map(({ outcome }) => outcome).sort();
    await expect.poll(outcomes).toEqual(["connected", "connected", "ended", "ended"]);
    for (const report of reports) {
      expect(report).toMatchObject({ path: expect.stringMatching(/^(host|prflx)$/) });
    }
  },
);
