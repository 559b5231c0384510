/** Calls through the page, in a real browser with fake devices. */

import type { Browser } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { lacksBrowser, sharedBrowser } from "../../support/browser.ts";
import { Person } from "../../support/person.ts";
import { startServer } from "../../support/server.ts";

describe.skipIf(lacksBrowser())("a call through the page", { timeout: 100_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await sharedBrowser();
  });

  async function callOfTwo() {
    const { url } = await startServer();
    const ada = await Person.inCall(browser, url, { name: "Ada" });
    const bob = await Person.inCall(browser, url, { name: "Bob" });
    await Promise.all([ada.sees(1), bob.sees(1)]);
    return { ada, bob, url };
  }

  test("two see each other; a path, a round trip and bit rates are told", async () => {
    const { ada } = await callOfTwo();
    await ada.hears("Bob has joined.");
    await ada.press("Connection with Bob");
    const facts = ada.tile("Bob").locator(".facts");
    for (const fact of [/connected/, /Direct/, /\d ms/, /\d [kM]bit\/s/]) {
      await facts.locator("dd", { hasText: fact }).first().waitFor();
    }
  });

  test("who hangs up, and whose tab is closed, is gone from the others' pages", async () => {
    const { ada, bob, url } = await callOfTwo();
    const cyd = await Person.inCall(browser, url, { name: "Cyd" });
    await Promise.all([ada.sees(2), bob.sees(2), cyd.sees(2)]);
    await cyd.press("Hang up");
    await cyd.page.getByRole("heading", { name: "Join the call" }).waitFor();
    await Promise.all([ada.sees(1), bob.sees(1), ada.hears("Cyd has left.")]);
    await bob.page.close();
    await ada.hears("Bob has left.");
    await ada.page.getByRole("heading", { name: "You are the only one here" }).waitFor();
    // And it can be joined again.
    await cyd.press("Join");
    await Promise.all([ada.sees(1), cyd.sees(1)]);
  });

  test("chat goes both ways, and is announced while it is closed", async () => {
    const { url } = await startServer();
    const ada = await Person.inCall(browser, url, { name: "Ada", devices: false });
    const bob = await Person.inCall(browser, url, { name: "Bob", devices: false });
    await Promise.all([ada.meets(1), bob.meets(1)]);
    await ada.press("Chat");
    await ada.write("Good morning");
    await bob.hears("Ada: Good morning");
    await bob.press("Chat 1 unread");
    await bob.write("Good evening");
    for (const { page } of [ada, bob]) {
      const messages = page.getByRole("log").getByRole("listitem");
      await messages.nth(1).waitFor();
      expect(await messages.locator(".text").allTextContents()).toEqual([
        "Good morning",
        "Good evening",
      ]);
    }
  });

  test("what reaches nobody is shown as such", async () => {
    const { url } = await startServer();
    const ada = await Person.inCall(browser, url, { name: "Ada" });
    await ada.press("Chat");
    await ada.write("Anybody here?");
    const last = ada.page.getByRole("log").getByRole("listitem").last();
    await last.getByText("Nobody else is here to read this.").waitFor({ timeout: 5_000 });
    const bob = await Person.inCall(browser, url, { name: "Bob" });
    await Promise.all([ada.sees(1), bob.sees(1)]);
    // Told over the channel that the next message takes.
    await bob.press("Mute microphone");
    await ada.tile("Bob").getByText("muted").waitFor({ state: "attached" });
    await ada.write("Good morning");
    await bob.hears("Ada: Good morning");
    expect(await last.locator("p").allTextContents()).toEqual([
      expect.stringContaining("You"),
      "Good morning",
    ]);
  });

  test("microphone and camera, off and on again, are seen at the other side", async () => {
    const { ada, bob } = await callOfTwo();
    const tile = bob.tile("Ada");
    await ada.press("Mute microphone");
    await tile.getByText("muted").waitFor({ state: "attached" });
    await ada.press("Turn camera off");
    await tile.getByText("camera off").waitFor({ state: "attached" });
    await tile.locator(".avatar").waitFor();
    await ada.press("Turn camera off");
    await ada.press("Mute microphone");
    await bob.seesMotion();
    await tile.locator("video").waitFor();
    await expect.poll(() => tile.locator(".condition").textContent()).toBe("");
  });

  test("a screen is shared, shown large, and no longer", async () => {
    const { ada, bob } = await callOfTwo();
    const tile = bob.tile("Ada");
    const width = async () => (await tile.boundingBox())?.width ?? 0;
    // So that what moves is not the camera's picture.
    await ada.press("Turn camera off");
    await tile.locator(".avatar").waitFor();
    await ada.press("Share your screen");
    await tile.getByText("shares the screen").waitFor({ state: "attached" });
    await bob.seesMotion();
    await expect.poll(width).toBeGreaterThan(550);
    await ada.press("Share your screen");
    await tile.getByText("camera off").waitFor({ state: "attached" });
    await expect.poll(width).toBeLessThan(550);
  });

  test("names and messages are text, whatever they look like", async () => {
    const { url } = await startServer();
    const hostile = "<img src=x onerror=alert(1)><b>Ada";
    const ada = await Person.inCall(browser, url, { name: hostile, devices: false });
    const bob = await Person.inCall(browser, url, { name: "Bob", devices: false });
    await Promise.all([ada.meets(1), bob.meets(1)]);
    await ada.press("Chat");
    await ada.write(`<script>alert(2)</script><a href="javascript:alert(3)">look</a>`);
    await bob.page.getByRole("button", { name: "Chat 1 unread" }).waitFor();
    await bob.press("Chat 1 unread");
    expect(await bob.page.locator(".log .text").textContent()).toContain("<script>alert(2)");
    expect(await bob.page.locator(".log b").textContent()).toBe(hostile);
    expect(await bob.tile(hostile).count()).toBe(1);
    expect(await bob.page.locator("#call :is(img, script, a)").count()).toBe(0);
  });

  test("the room is in the address, and the name is remembered", async () => {
    const { url } = await startServer();
    const ada = await Person.open(browser, url, { name: "Ada", devices: false });
    const room = await ada.page.getByLabel("Room").inputValue();
    expect(room).toMatch(/^[a-z]+-[a-z]+-[a-z2-9]{4}$/);
    await ada.press("Join");
    await ada.page.getByRole("heading", { name: "You are the only one here" }).waitFor();
    expect(ada.page.url()).toBe(`${url}/?room=${room}`);
    await ada.page.reload();
    expect(await ada.page.getByLabel("Room").inputValue()).toBe(room);
    expect(await ada.page.getByLabel("Your name").inputValue()).toBe("Ada");
  });
});
