/** Accessibility of a page as it is at the moment. */

import axe from "axe-core";
import type { Page } from "playwright-core";
import { expect } from "vitest";

/** As people look at a page: at a desk by day, on a phone at night. */
const LOOKS = [
  { colorScheme: "light", viewport: { width: 1_280, height: 800 } },
  { colorScheme: "dark", viewport: { width: 390, height: 844 } },
] as const;

/** Fails with every violation that axe finds, however one looks at the page; `check` is called for each look. */
export async function expectAccessible(
  page: Page,
  check: (viewport: { width: number }) => unknown = () => {},
): Promise<void> {
  for (const { colorScheme, viewport } of LOOKS) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(viewport);
    // Evaluated by the browser itself, which the Content-Security-Policy doesn't concern.
    if (await page.evaluate(() => !("axe" in globalThis))) await page.evaluate(axe.source);
    const { violations } = await page.evaluate<axe.AxeResults>("axe.run()");
    const faults = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`);
    expect(faults, `${colorScheme}, ${viewport.width} px wide`).toEqual([]);
    await check(viewport);
  }
}
