/** Cameras that are slow, or won't start: what is shown and told is what is sent. */

import type { Browser } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { lacksBrowser, sharedBrowser } from "../../support/browser.ts";
import { Person } from "../../support/person.ts";
import { startServer } from "../../support/server.ts";

/** Lets the chosen camera fail, as one does that another program uses. */
function failChosenCamera() {
  const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const { video } = constraints ?? {};
    if (typeof video === "object" && video.deviceId) throw new DOMException("", "NotReadableError");
    return original(constraints);
  };
}

/** Lets the chosen camera wait for `release`, and keeps its track where a test can get at it. */
declare const late: { release: () => void; track?: MediaStreamTrack };
function holdChosenCamera() {
  const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  const late: { release: () => void; track?: MediaStreamTrack } = { release: () => {} };
  const released = new Promise<void>((resolve) => {
    late.release = resolve;
  });
  Object.assign(globalThis, { late });
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const { video } = constraints ?? {};
    const isChosen = typeof video === "object" && video.deviceId !== undefined;
    if (isChosen) await released;
    const stream = await original(constraints);
    const [track] = stream.getVideoTracks();
    if (isChosen && track) late.track = track;
    return stream;
  };
}

describe.skipIf(lacksBrowser())("devices", { timeout: 100_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await sharedBrowser();
  });

  async function chooseCamera(prepare: () => void) {
    const { url } = await startServer();
    const ada = await Person.open(browser, url, { name: "Ada", room: "demo", prepare });
    await ada.page.locator(".preview.on").waitFor();
    // The one there is; a person would have two.
    await ada.page.getByLabel("Camera", { exact: true }).dispatchEvent("change");
    const button = ada.page.locator("#lobby [data-control=camera]");
    return { url, ada, isOff: () => button.getAttribute("aria-pressed") };
  }

  test("a camera that can't be started is off, and everybody is told so", async () => {
    const { url, ada, isOff } = await chooseCamera(failChosenCamera);
    await ada.hears("Another program is using your camera or microphone.");
    expect(await isOff()).toBe("true");
    expect(await ada.page.locator(".preview.on").count()).toBe(0);
    await ada.press("Join");
    const bob = await Person.inCall(browser, url, { name: "Bob" });
    await bob.tile("Ada").getByText("camera off").waitFor({ state: "attached", timeout: 15_000 });
  });

  test("a camera that is turned off while it is being opened stays off", async () => {
    const { ada, isOff } = await chooseCamera(holdChosenCamera);
    await ada.press("Turn camera off");
    await expect.poll(isOff).toBe("true");
    await ada.page.evaluate(() => late.release());
    await ada.page.waitForFunction(() => late.track?.readyState === "ended", undefined, {
      timeout: 10_000,
    });
    expect(await isOff()).toBe("true");
  });
});
