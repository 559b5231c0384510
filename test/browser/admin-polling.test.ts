/** How the admin page asks again and again: what stays as it is meanwhile, and what it says when it can't. */

import type { Browser, Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { openAdminPage, soon, textsOf } from "../support/admin-page.ts";
import { lacksBrowser, sharedBrowser } from "../support/browser.ts";
import { startServer } from "../support/server.ts";

const POLL_MS = 2_000;

const trouble = (page: Page) => textsOf(page, ".trouble");

/** Pretends that the tab is in the background, or not. */
const setHidden = (page: Page, isHidden: boolean) =>
  page.evaluate((isHidden) => {
    Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, isHidden);

describe.skipIf(lacksBrowser())("polling of the admin page", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await sharedBrowser();
  });

  test("focus, selection, scrolling and rows stay, of 5,000 rooms", async () => {
    const server = await startServer({ ADMIN_PORT: "0" });
    let rooms = Array.from({ length: 5_000 }, (_, i) => ({
      room: `room-${String(i).padStart(4, "0")}`,
      peers: 1,
    }));
    let asked = 0;
    const page = await openAdminPage(browser, server.adminUrl, {
      prepare: (page) =>
        page.route("**/rooms", (route) => {
          asked++;
          return route.fulfill({ json: { rooms } });
        }),
    });
    await page.getByText("5,000 rooms").waitFor();
    const state = () =>
      page.evaluate(() => ({
        focus: document.activeElement?.textContent,
        selection: String(getSelection()),
        top: document.querySelector(".scroll")?.scrollTop,
      }));
    expect(await page.locator(".names li").count()).toBe(500);
    await page.getByRole("button", { name: "Show 500 more of 5,000" }).click();
    await page.evaluate(() => {
      const row = document.querySelectorAll<HTMLElement>(".names li")[800];
      row?.querySelector("a")?.focus();
      row?.setAttribute("data-same", "");
      getSelection()?.selectAllChildren(row?.querySelector(".name") ?? document.body);
    });
    const before = await state();
    expect(before).toMatchObject({ focus: "room-0800 1 peer", selection: "room-0800" });
    expect(before.top).toBeGreaterThan(10_000);
    rooms = rooms.map((each) => ({ ...each, peers: 2 }));
    await page.clock.runFor(POLL_MS);
    await page.getByText("10,000 peers").waitFor();
    expect(await state()).toEqual({ ...before, focus: "room-0800 2 peers" });
    expect(await page.locator("[data-same]").count()).toBe(1);

    // The one with the focus goes: its neighbour has it.
    rooms = rooms.filter(({ room }) => room !== "room-0800");
    await page.clock.runFor(POLL_MS);
    await page.getByText("4,999 rooms").waitFor();
    expect((await state()).focus).toBe("room-0801 2 peers");
    expect(asked).toBeGreaterThanOrEqual(3);
  });

  test("it rests while nobody can see it, and asks at once when somebody can", async () => {
    const server = await startServer({ ADMIN_PORT: "0" });
    const page = await openAdminPage(browser, server.adminUrl);
    await page.getByText("0 rooms").waitFor();
    let asked = 0;
    page.on("request", () => asked++);
    const answered = () => page.waitForResponse("**/rooms");
    const [next] = [answered(), await page.clock.runFor(POLL_MS)];
    await next;
    await setHidden(page, true);
    asked = 0;
    await page.clock.runFor(30 * POLL_MS);
    expect(asked).toBe(0);
    const [seen] = [answered(), await setHidden(page, false)];
    await seen;
    expect(asked).toBe(1);
  });

  test("it says that it can't ask, goes on trying, and is fine again", async () => {
    const server = await startServer({ ADMIN_PORT: "0" });
    const ada = await server.connect();
    await ada.join("demo");
    const page = await openAdminPage(browser, server.adminUrl);
    await page.getByText("1 room, 1 peer").waitFor();
    const { sizes } = server.rooms;
    const error = Object.assign(new Error("Redis can't be reached"), { code: "unavailable" });
    server.rooms.sizes = () => Promise.reject(error);
    await expect
      .poll(() => soon(page, trouble))
      .toEqual([expect.stringContaining("Redis can't be")]);
    server.rooms.sizes = sizes;
    await expect.poll(() => soon(page, trouble)).toEqual([""]);
    await page.context().setOffline(true);
    await expect
      .poll(() => soon(page, trouble))
      .toEqual([expect.stringMatching(/can't be reached.* Trying again every 2 s/)]);
    expect(await textsOf(page, ".names li")).toEqual(["demo 1 peer"]);
    await page.context().setOffline(false);
    await expect.poll(() => soon(page, trouble)).toEqual([""]);
  });

  test("the browser asks for the token; without the right one there is nothing", async () => {
    const token = "an-admin-token-for-tests";
    const server = await startServer({ ADMIN_PORT: "0", ADMIN_TOKEN: token });
    const credentials = (password: string) => ({ httpCredentials: { username: "me", password } });
    const page = await openAdminPage(browser, server.adminUrl, credentials(token));
    await page.getByText("0 rooms").waitFor();
    const stored = await page.evaluate(() => localStorage.length + sessionStorage.length);
    expect([stored, await page.context().cookies()]).toEqual([0, []]);
    const other = await openAdminPage(
      browser,
      server.adminUrl,
      credentials("a-wrong-one-of-16-or-more"),
    );
    expect(await other.content()).not.toContain("Rooms");

    const withToken = server.adminUrl.replace("//", `//me:${token}@`);
    await (await openAdminPage(browser, withToken)).getByText("0 rooms").waitFor();

    // Another token since the page was opened.
    await page.route("**/rooms", (route) =>
      route.fulfill({ status: 401, json: { error: { message: "send ADMIN_TOKEN" } } }),
    );
    await expect
      .poll(() => soon(page, trouble))
      .toEqual([expect.stringMatching(/send ADMIN_TOKEN.* every 30 s/)]);
  });
});
