/** axe-core on each state of the page, and what it can't see: focus, and the keyboard alone. */

import type { Browser } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { expectAccessible } from "../../support/accessible.ts";
import { lacksBrowser, sharedBrowser } from "../../support/browser.ts";
import { Person } from "../../support/person.ts";
import { startWithPhone } from "../../support/phone.ts";
import { startServer } from "../../support/server.ts";

describe.skipIf(lacksBrowser())("accessibility", { timeout: 100_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await sharedBrowser();
  });

  test("axe finds nothing about the code for phones, and its dialog", async () => {
    const { url } = await startWithPhone();
    const ada = await Person.inCall(browser, url, { reducedMotion: "reduce", name: "Ada" });
    await ada.page.locator(".invitation img").waitFor();
    await expectAccessible(ada.page);
    await ada.press("Phone");
    await ada.page.getByRole("dialog", { name: "Call from a phone" }).waitFor();
    await expectAccessible(ada.page);
  });

  test("axe finds nothing in any state", async () => {
    const server = await startServer({ MAX_PEERS_PER_ROOM: "2" });
    const { url } = server;
    // Nothing half faded in.
    const options = { reducedMotion: "reduce", room: "demo" } as const;

    const ada = await Person.open(browser, url, { ...options, name: "Ada" });
    await expectAccessible(ada.page);
    await ada.press("Join");
    await ada.page.getByRole("heading", { name: "You are the only one here" }).waitFor();
    await expectAccessible(ada.page);

    const bob = await Person.inCall(browser, url, { ...options, name: "Bob" });
    await Promise.all([ada.sees(1), bob.sees(1)]);
    await bob.press("Mute microphone");
    await bob.press("Turn camera off");
    await ada.tile("Bob").locator(".avatar").waitFor();
    await ada.press("Connection with Bob");
    await expectAccessible(ada.page);
    await bob.press("Share your screen");
    await ada.press("Chat");
    await ada.write("Hello");
    await expectAccessible(ada.page);
    await bob.page.getByRole("button", { name: "Chat 1 unread" }).waitFor();
    await expectAccessible(bob.page);

    const cyd = await Person.open(browser, url, options);
    await cyd.press("Join");
    await cyd.page.getByRole("alert").waitFor();
    await expectAccessible(cyd.page);

    await server.close();
    await bob.hears("out of reach");
    await expectAccessible(bob.page);
    await cyd.press("Join");
    await cyd.page.getByRole("button", { name: "Joining…" }).waitFor();
    await expectAccessible(cyd.page);
  });

  test("without camera and permission, too", async () => {
    const { url } = await startServer();
    const prepare = () => {
      navigator.mediaDevices.getUserMedia = async () => {
        throw new DOMException("", "NotAllowedError");
      };
      navigator.clipboard.writeText = () => Promise.reject(new DOMException("", "NotAllowedError"));
    };
    const ada = await Person.open(browser, url, { prepare, reducedMotion: "reduce", room: "demo" });
    await ada.page.getByText("This page may not use your camera or microphone.").waitFor();
    await expectAccessible(ada.page);
    await ada.press("Join");
    await ada.press("Copy link");
    await ada.page.getByRole("dialog").waitFor();
    await expectAccessible(ada.page);
  });

  test("the keyboard is enough, and the focus goes where one looks", async () => {
    const { url } = await startServer();
    const { page } = await Person.open(browser, url, { room: "demo" });
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim());
    await page.getByLabel("Your name").focus();
    await page.keyboard.type("Ada");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "You are the only one here" }).waitFor();
    await expect.poll(focused).toBe("demo");

    await page.getByRole("button", { name: "Chat", exact: true }).press("Enter");
    await page.keyboard.type("Hello");
    await page.keyboard.press("Enter");
    await page.getByRole("log").getByText("Hello").waitFor();
    await page.keyboard.press("Escape");
    expect(await focused()).toBe("Chat");
    await page.getByRole("button", { name: "Hang up" }).press("Enter");
    await expect.poll(focused).toBe("Join the call");
  });

  test("whatever can be pressed is large enough for a finger", async () => {
    const { url } = await startServer();
    const phone = { viewport: { width: 390, height: 844 } };
    const ada = await Person.open(browser, url, { ...phone, name: "Ada", room: "demo" });
    const sizes = () =>
      ada.page.$$eval("button, input, select", (all) =>
        all
          .map((each) => ({ each, ...each.getBoundingClientRect().toJSON() }))
          .filter(({ width }) => width > 0)
          .filter(({ width, height }) => width < 44 || height < 44)
          .map(({ each }) => each.outerHTML),
      );
    expect(await sizes()).toEqual([]);
    await ada.press("Join");
    await ada.page.getByRole("heading", { name: "You are the only one here" }).waitFor();
    await ada.press("Chat");
    expect(await sizes()).toEqual([]);
    // And nothing sticks out to the side.
    const overflow = () => ada.page.evaluate(() => document.documentElement.scrollWidth);
    expect(await overflow()).toBeLessThanOrEqual(390);
  });
});
