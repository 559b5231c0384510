/** The link that invites others: it leads to the room, and tells nothing of who copies it. */

import type { Browser } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { lacksBrowser, sharedBrowser } from "../../support/browser.ts";
import { Person } from "../../support/person.ts";
import { startServer } from "../../support/server.ts";
import { mint, SECRET } from "../../support/tokens.ts";

/** As on a page that may not write to the clipboard. */
function refuseClipboard() {
  navigator.clipboard.writeText = () => Promise.reject(new DOMException("", "NotAllowedError"));
}

describe.skipIf(lacksBrowser())("the link to a room", { timeout: 100_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await sharedBrowser();
  });

  async function callWithToken(prepare?: () => void) {
    const server = await startServer({ AUTH_SECRET: SECRET });
    const ada = await Person.inCall(browser, server.url, {
      token: await mint({ name: "Ada" }),
      devices: false,
      permissions: ["clipboard-read", "clipboard-write"],
      ...(prepare && { prepare }),
    });
    const clipboard = () => ada.page.evaluate(() => navigator.clipboard.readText());
    return { server, ada, clipboard, link: `${server.url}/?room=demo` };
  }

  test("is copied without one's own access token, which stays in the address", async () => {
    const { server, ada, clipboard, link } = await callWithToken();
    await ada.press("Copy link");
    await ada.hears("The link is copied.");
    expect(await clipboard()).toBe(link);
    expect(await ada.page.getByLabel("Link to this room").inputValue()).toBe(link);
    expect(ada.page.url()).toContain("#token=");

    // And by the other button, which is there once there is no invitation.
    await ada.page.evaluate(() => navigator.clipboard.writeText("nothing yet"));
    await Person.inCall(browser, server.url, {
      token: await mint({ name: "Bob" }),
      devices: false,
    });
    await ada.tile("Bob").waitFor();
    await ada.press("Copy link");
    await expect.poll(clipboard).toBe(link);
  });

  test("is selected in a field where the page may not copy, for Ctrl+C", async () => {
    const { server, ada, clipboard, link } = await callWithToken(refuseClipboard);
    await ada.press("Copy link");
    const dialog = ada.page.getByRole("dialog", { name: "Copy this link" });
    await dialog.waitFor();
    expect(await dialog.getByRole("textbox").inputValue()).toBe(link);
    await ada.page.keyboard.press("Control+C");
    await expect.poll(clipboard).toBe(link);
    await ada.page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    const focused = () => ada.page.evaluate(() => document.activeElement?.textContent?.trim());
    expect(await focused()).toBe("Copy link");

    // Nothing of a call is left in the lobby.
    await ada.press("Copy link");
    await dialog.waitFor();
    server.io.disconnectSockets();
    await dialog.waitFor({ state: "hidden" });
    await expect.poll(focused).toBe("Join the call");
  });
});
