/** The page names its room when it connects, so that a load balancer sends everyone in it to one node. */

import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { lacksBrowser, sharedBrowser } from "../../support/browser.ts";
import { startServer } from "../../support/server.ts";

describe.skipIf(lacksBrowser())("the page's handshake", () => {
  test.each(["?room=demo", ""])("names the room in the lobby, at /%s", async (query) => {
    const server = await startServer();
    const page = await (await sharedBrowser()).newPage();
    const connected = once(server.io, "connection");
    await page.goto(`${server.url}/${query}`);
    const [{ handshake }] = await connected;
    const shown = await page.locator("#room").inputValue();
    expect(shown).toMatch(query ? /^demo$/ : /^\w+-\w+-\w{4}$/);
    expect(handshake.query.room).toBe(shown);
    await page.close();
  });
});
