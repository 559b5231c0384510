/** Calls that outlive the connection to the server and its restart: those that take longest. */

import { describe, onTestFinished, test } from "vitest";
import { lacksBrowser } from "../../support/browser.ts";
import { lacksFirefox } from "../../support/firefox.ts";
import { outlives } from "../../support/outliving.ts";
import { lacksRedis, RedisServer } from "../../support/redis.ts";

describe.skipIf(lacksBrowser() || lacksRedis())("on two nodes", { timeout: 120_000 }, () => {
  test.each(["a killed server", "a replaced one"] as const)(
    "[S5] a call outlives %s on each node, one after the other",
    async (what) => {
      const redis = await RedisServer.start(onTestFinished);
      await outlives("Chromium", what, { redisUrl: redis.url });
    },
  );
});

describe.skipIf(lacksBrowser() || lacksFirefox())("a call", { timeout: 180_000 }, () => {
  test.each([
    ["Chromium", "a cut of 25 s"],
    ["Firefox", "a cut of 3 s"],
    ["Firefox", "a cut of 25 s"],
    ["Firefox", "a killed server"],
    ["Firefox", "a replaced one"],
  ] as const)(
    "[S4] [S9] of Chromium with %s outlives %s, idle and while both add a track",
    outlives,
  );
});
