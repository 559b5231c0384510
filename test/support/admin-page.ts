/** An operator at the admin page, in a browser context of their own. Gone when the test ends. */

import axe from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";

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

const LOOKS = [
  { colorScheme: "light", viewport: { width: 1_280, height: 800 } },
  { colorScheme: "dark", viewport: { width: 390, height: 844 } },
] as const;

/** Fails with every violation that axe finds in the page as it is now, at a desk and on a phone. */
export async function expectAccessible(page: Page): Promise<void> {
  for (const { colorScheme, viewport } of LOOKS) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(viewport);
    // Evaluated by the browser itself, which the Content-Security-Policy doesn't concern.
    if (await page.evaluate(() => !("axe" in globalThis))) await page.evaluate(axe.source);
    const { violations } = await page.evaluate<axe.AxeResults>("axe.run()");
    const faults = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`);
    expect(faults, `${colorScheme}, ${viewport.width} px wide`).toEqual([]);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width, "nothing sticks out to the side").toBeLessThanOrEqual(viewport.width);
  }
  // Now on the phone.
  const heights = await page.$$eval("button, input, .names a, .bar a", (all) =>
    all.map((each) => each.getBoundingClientRect().height).filter((height) => height > 0),
  );
  expect(Math.min(...heights), "large enough for a finger").toBeGreaterThanOrEqual(44);
}
