/** Losing the server during a call: what ends the call, what doesn't, and what is said of it. */

import type { Browser } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { lacksBrowser, sharedBrowser } from "../../support/browser.ts";
import { layCable } from "../../support/cable.ts";
import { Person } from "../../support/person.ts";
import { startServer } from "../../support/server.ts";
import { mint, SECRET } from "../../support/tokens.ts";

describe.skipIf(lacksBrowser())("a call and its server", { timeout: 100_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await sharedBrowser();
  });

  test("who is sent away by the server is in the lobby, and told so", async () => {
    const { url, io } = await startServer();
    const ada = await Person.inCall(browser, url, { name: "Ada", devices: false });
    io.disconnectSockets();
    const reason = "The server has ended the connection. Join again.";
    await ada.page.getByRole("alert").filter({ hasText: reason }).waitFor();
    expect(await ada.page.locator("#call").isHidden()).toBe(true);
    await ada.press("Join");
    await ada.page.locator("#call").waitFor();
  });

  test("an error that is not the room's ends no call", async () => {
    const { url, io } = await startServer();
    const ada = await Person.inCall(browser, url, { name: "Ada", devices: false });
    const bob = await Person.inCall(browser, url, { name: "Bob", devices: false });
    await Promise.all([ada.meets(1), bob.meets(1)]);
    io.emit("signal_error", { event: "candidates", code: "rate_limited", message: "too many" });
    // What comes after it on the same connection, so that it has come, too.
    await bob.press("Hang up");
    await ada.hears("Bob has left.");
    expect(await ada.page.locator("#call").isVisible()).toBe(true);
  });

  test("who loses the connection to the server keeps the tile and the picture, with a mark, and comes back", async () => {
    const server = await startServer();
    const ada = await Person.inCall(browser, server.url, { name: "Ada" });
    const cable = await layCable(server.url);
    const bob = await Person.inCall(browser, cable.url, { name: "Bob" });
    await Promise.all([ada.sees(1), bob.sees(1)]);
    const mark = ada.tile("Bob").getByText("reconnecting…");
    expect(await mark.isVisible()).toBe(false);
    const up = cable.down(3_000);
    await mark.waitFor();
    await ada.sees(1);
    await bob.hears("out of reach");
    await up;
    await mark.waitFor({ state: "hidden" });
    await Promise.all([ada.sees(1), bob.sees(1)]);
    expect(await ada.page.getByText("has left.").count()).toBe(0);
  });

  test("the banner is there to be announced before it has anything to say", async () => {
    const server = await startServer();
    const ada = await Person.inCall(browser, server.url, { name: "Ada", devices: false });
    const banner = ada.page.locator("#call").getByRole("status");
    expect(await banner.allTextContents()).toEqual([""]);
    await server.close();
    await expect
      .poll(() => banner.allTextContents())
      .toEqual([expect.stringMatching(/out of reach/)]);
  });

  test("a token that comes to the address after a refusal is used", async () => {
    const server = await startServer({ AUTH_SECRET: SECRET });
    const ada = await Person.open(browser, server.url, {
      room: "demo",
      name: "Ada",
      devices: false,
    });
    await ada.page.getByRole("alert").filter({ hasText: "this server requires a token" }).waitFor();
    // The link is opened in the same tab: only what is behind the # is another.
    await ada.page.goto(`${server.url}/?room=demo#token=${await mint({ name: "Ada" })}`);
    await ada.press("Join");
    await ada.page.locator("#call").waitFor();
  });

  test("a token that the server takes no longer when it is back: the lobby says so", async () => {
    const first = await startServer({ AUTH_SECRET: SECRET });
    const ada = await Person.inCall(browser, first.url, {
      token: await mint({ name: "Ada" }),
      devices: false,
    });
    await first.close();
    await ada.hears("out of reach");
    await startServer({ AUTH_SECRET: `another one: ${SECRET}`, PORT: new URL(first.url).port });
    const reason = "You were not let in";
    await ada.page.getByRole("alert").filter({ hasText: reason }).waitFor();
    expect(await ada.page.locator("#call").isHidden()).toBe(true);
  });
});
