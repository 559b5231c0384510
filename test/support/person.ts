/** Somebody who uses the page in a browser: opens it, joins, looks and listens. */

import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";

/** Small: without a graphics card, drawing costs more than the calls. Wide enough for a chat beside. */
const WINDOW = { width: 900, height: 600 };
/** For a machine that is busy with other things as well. */
const PATIENCE_MS = 90_000;
const OTHER = ".tile:not(.self) video";

/** Where and as whom to open the page; the rest is for the browser. */
interface OpenOptions extends BrowserContextOptions {
  name?: string;
  room?: string;
  token?: string;
  /** False for somebody without camera and microphone, whose calls cost little. */
  devices?: boolean;
  /** Runs in the page before its own script. */
  prepare?: () => void;
}

/** One person, in a browser context of their own. Gone when the test ends. */
export class Person {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  /** Opens the page, and fills in the form. */
  static async open(browser: Browser, url: string, options: OpenOptions = {}): Promise<Person> {
    const { name, room, token, devices = true, prepare, ...context } = options;
    const browserContext = await browser.newContext({ viewport: WINDOW, ...context });
    onTestFinished(() => browserContext.close());
    if (!devices) await browserContext.addInitScript(haveNoDevices);
    if (prepare) await browserContext.addInitScript(prepare);
    const page = await browserContext.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("pageerror", (error) => expect.soft(error, "an error in the page").toBeUndefined());
    page.on("console", (message) =>
      expect.soft(message.text(), "in the console").not.toContain("Content Security Policy"),
    );
    const query = room === undefined ? "" : `?room=${encodeURIComponent(room)}`;
    await page.goto(`${url}/${query}${token === undefined ? "" : `#token=${token}`}`);
    if (name !== undefined) await page.getByLabel("Your name").fill(name);
    return new Person(page);
  }

  /** Opens the page and joins. */
  static async inCall(browser: Browser, url: string, options: OpenOptions = {}): Promise<Person> {
    const person = await Person.open(browser, url, { room: "demo", ...options });
    await person.press("Join");
    await person.page.locator("#call").waitFor();
    return person;
  }

  /** The tile with this name on its plate. */
  tile(name: string): Locator {
    return this.page.locator(".tile").filter({ has: this.page.getByText(name, { exact: true }) });
  }

  /** Presses the button of this name, of those that can be seen. */
  async press(name: string): Promise<void> {
    await this.page.getByRole("button", { name, exact: true }).click();
  }

  async write(text: string): Promise<void> {
    await this.page.getByRole("textbox", { name: "Message" }).fill(text);
    await this.press("Send");
  }

  /** Resolves when exactly `count` others are here, and a moving picture of each. */
  async sees(count: number): Promise<void> {
    await this.page.waitForFunction((count) => {
      const videos = [...document.querySelectorAll<HTMLVideoElement>(".tile:not(.self) video")];
      const moving = videos.filter(
        (video) => video.videoWidth > 2 && video.getVideoPlaybackQuality().totalVideoFrames >= 5,
      );
      return videos.length === count && moving.length === count;
    }, count);
  }

  /** Resolves when exactly `count` others are here, and each has told that there is no picture of them. */
  async meets(count: number): Promise<void> {
    await this.page.waitForFunction((count) => {
      const others = [...document.querySelectorAll(".tile:not(.self) .condition")];
      const met = others.filter(({ textContent }) => textContent?.endsWith("muted, camera off"));
      return others.length === count && met.length === count;
    }, count);
  }

  /** Resolves when the one other person's picture has moved on by five frames, and has this shape. */
  async seesMotion(widthToHeight = 16 / 9): Promise<void> {
    const frames = await this.page.$eval(OTHER, (video) => {
      return (video as HTMLVideoElement).getVideoPlaybackQuality().totalVideoFrames;
    });
    await this.page.waitForFunction(
      ({ OTHER, frames, widthToHeight }) => {
        const video = document.querySelector<HTMLVideoElement>(OTHER);
        if (!video) return false;
        const shape = video.videoWidth / video.videoHeight;
        const { totalVideoFrames } = video.getVideoPlaybackQuality();
        return totalVideoFrames >= frames + 5 && Math.abs(shape - widthToHeight) < 0.05;
      },
      { OTHER, frames, widthToHeight },
    );
  }

  /** Resolves when this is said aloud. */
  async hears(text: string): Promise<void> {
    await this.page.getByRole("status").filter({ hasText: text }).first().waitFor();
  }
}

function haveNoDevices(): void {
  navigator.mediaDevices.getUserMedia = async () => {
    throw new DOMException("Requested device not found", "NotFoundError");
  };
}

/** For `prepare`, in calls of many: on a busy machine, twenty encoders need small pictures, and few. */
export function sendSmallPictures(): void {
  const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  const video = { width: 160, height: 90, frameRate: 5 };
  navigator.mediaDevices.getUserMedia = (constraints) =>
    getUserMedia(constraints?.video ? { ...constraints, video } : constraints);
  // The page asks for a larger one when the number of people changes.
  MediaStreamTrack.prototype.applyConstraints = async () => {};
}
