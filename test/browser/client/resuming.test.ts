/** Calls that outlive the connection to the server and its restart, between two pages of Chromium. */

import { describe, expect, test } from "vitest";
import { lacksBrowser } from "../../support/browser.ts";
import { both, call, outcome, outlives, sees } from "../../support/outliving.ts";

describe.skipIf(lacksBrowser())("a call", { timeout: 180_000 }, () => {
  test.each(["a cut of 3 s", "a killed server", "a replaced one"] as const)(
    "[S4] [S9] outlives %s, idle and while both add a track",
    (disturbance) => outlives("Chromium", disturbance),
  );

  test("outlives a server without the key of the one before: each is replaced by another", async () => {
    const { tabs, replace } = await call({ key: "" });
    await replace("SIGKILL");
    await both(tabs, (tab) =>
      tab.evaluate(async () => {
        const isReplaced = () => window.madeConnections() > 1 && window.openConnections() === 1;
        while (!isReplaced()) await new Promise(requestAnimationFrame);
      }, undefined),
    );
    await both(tabs, (tab) => sees(tab, 1));
    expect((await both(tabs, outcome)).map(({ peers }) => peers.length)).toEqual([1, 1]);
  });
});
