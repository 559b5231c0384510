/** An operator at the admin page, in a browser context of their own. Gone when the test ends. */

import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";
import { expectAccessible } from "./accessible.ts";

interface OpenOptions extends BrowserContextOptions {
  /** What follows the URL of the listener. */
  at?: string;
  /** Runs before the page is loaded. */
  prepare?: (page: Page) => Promise<unknown>;
}

const POLL_MS = 2_000;

/** Opens the page; an error in it or on its console fails the test, but for what the network says. */
export async function openAdminPage(
  browser: Browser,
  url: string,
  { at = "/", prepare, ...options }: OpenOptions = {},
): Promise<Page> {
  const context = await browser.newContext({ reducedMotion: "reduce", ...options });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  page.on("pageerror", (error) => expect.soft(error, "an error in the page").toBeUndefined());
  page.on("console", (message) =>
    expect.soft(message.text(), "on the console").toContain("Failed to load resource"),
  );
  page.on("dialog", (dialog) => expect.soft(dialog.message(), "an alert").toBeUndefined());
  // Goes on by itself, and faster with `soon`.
  await page.clock.install();
  await prepare?.(page);
  await page.goto(url + at);
  return page;
}

/** Resolves with what `read` gives after the page has asked the server again, or soon after that. */
export async function soon<T>(page: Page, read: (page: Page) => Promise<T>): Promise<T> {
  await page.clock.runFor(POLL_MS);
  return read(page);
}

/** The text of each of these elements, blanks in it collapsed. */
export const textsOf = (page: Page, selector: string): Promise<string[]> =>
  page.$$eval(selector, (all) =>
    all.map(({ textContent }) => (textContent ?? "").replace(/\s+/g, " ").trim()),
  );

/** Fails with every violation that axe finds in the page as it is now, at a desk and on a phone. */
export async function expectFitting(page: Page): Promise<void> {
  await expectAccessible(page, async ({ width }) => {
    const used = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(used, "nothing sticks out to the side").toBeLessThanOrEqual(width);
  });
  // Now on the phone.
  const heights = await page.$$eval("button, input, .names a, .bar a", (all) =>
    all.map((each) => each.getBoundingClientRect().height).filter((height) => height > 0),
  );
  expect(Math.min(...heights), "large enough for a finger").toBeGreaterThanOrEqual(44);
}
