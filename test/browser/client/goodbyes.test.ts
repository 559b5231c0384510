/** Leaving a page: the seat ends at once, for the others have no use for somebody who won't come back. */

import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { lacksBrowser, launchBrowser } from "../../support/browser.ts";
import { createCaller, seeEachOther } from "../../support/calls.ts";
import { startServer } from "../../support/server.ts";

const WAYS: [way: string, leave: (page: Page) => Promise<unknown>][] = [
  ["another page", (page) => page.goto("about:blank")],
  ["a reload", (page) => page.reload()],
];

describe.skipIf(lacksBrowser())("[S3] a page that is left", { timeout: 60_000 }, () => {
  // Over polling, the browser may cancel the request that says so.
  test.each(WAYS)("for %s is no peer that is away", async (_way, leave) => {
    const { url } = await startServer();
    const caller = await createCaller(await launchBrowser(), url, { transports: ["websocket"] });
    const ada = await caller.join("demo", "Ada");
    const bob = await caller.join("demo", "Bob");
    await bob.evaluate(() => {
      window.gone = new Promise((resolve) => {
        for (const type of ["peeraway", "peerleave"] as const) {
          window.signaling.addEventListener(type, () => resolve(type), { once: true });
        }
      });
    });
    await seeEachOther([ada, bob]);
    await leave(ada);
    expect(await bob.evaluate(() => window.gone)).toBe("peerleave");
  });
});
