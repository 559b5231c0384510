/** The page of the admin listener, in a browser. */

import type { Browser, Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { expectFitting, openAdminPage, soon, textsOf } from "../support/admin-page.ts";
import { lacksBrowser, sharedBrowser } from "../support/browser.ts";
import type { TestClient } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

const PHONE = { viewport: { width: 390, height: 844 } };
const HOSTILE = "<img src=x onerror=alert(1)>";

const start = (env = {}) => startServer({ ADMIN_PORT: "0", ...env });

async function join(server: TestServer, room: string, name?: string): Promise<TestClient> {
  const client = await server.connect();
  await client.join(room, name);
  return client;
}

const rooms = (page: Page) => textsOf(page, ".names li");
const steps = (page: Page) => textsOf(page, ".steps li");
const peers = (page: Page) => textsOf(page, ".peers .name");
const focused = (page: Page) =>
  page.evaluate(() => document.activeElement?.textContent?.replace(/\s+/g, " ").trim());
const press = (page: Page, name: string) =>
  page.getByRole("button", { name, exact: true }).filter({ visible: true }).click();

describe.skipIf(lacksBrowser())("the admin page", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await sharedBrowser();
  });

  test("rooms, peers and the timeline are shown as they change, and names stay text", async () => {
    const server = await start();
    const ada = await join(server, "room-10", "Ada");
    await join(server, "room-2", HOSTILE);
    const page = await openAdminPage(browser, server.adminUrl);
    await expect.poll(() => soon(page, rooms)).toEqual(["room-10 1 peer", "room-2 1 peer"]);
    await page.getByRole("link", { name: "room-10" }).click();
    await expect.poll(() => soon(page, peers)).toEqual(["Ada"]);
    expect(page.url()).toContain("#room=room-10");
    expect(await page.title()).toContain("room-10");

    const mallory = await join(server, "room-10", HOSTILE);
    await expect.poll(() => soon(page, peers)).toEqual(["Ada", HOSTILE]);
    await mallory.offer("v=0", { to: ada.id });
    for (const _ of [1, 2]) await mallory.offer("v=0", { to: "nobody" });
    // The page may ask between the two.
    await expect.poll(async () => (await soon(page, steps))[0]).toMatch(/ ×2$/);
    const [refused, offer, ...joined] = await steps(page);
    const short = (client: TestClient) => client.id.slice(0, 6);
    const from = `${HOSTILE} ${short(mallory)}`;
    expect(refused).toContain(`offer ${from}`);
    expect(refused).toMatch(/^(.* )?\d\d:\d\d:\d\d\.\d{3} .* refused: peer_not_found ×2$/);
    expect(offer).toContain(`offer ${from} → Ada ${short(ada)} 3 B ok`);
    expect(joined).toHaveLength(2);
    const time = page.locator(".steps time").first();
    expect(await time.getAttribute("datetime")).toMatch(/^\d{4}-.*\.\d{3}Z$/);
    expect(await time.getAttribute("title")).toContain(String(new Date().getFullYear()));
    expect(await page.locator("main img").count()).toBe(0);

    ada.socket.disconnect();
    await expect.poll(() => soon(page, peers)).toEqual([HOSTILE]);
    // Who was seen here keeps the name.
    await expect.poll(async () => (await soon(page, steps))[0]).toContain("left Ada");
  });

  test("a room is found by search, and one that is empty by now by its name", async () => {
    const server = await start();
    const gone = await join(server, "demo", "Ada");
    for (const room of ["demo-1", "other"]) await join(server, room);
    await gone.leave();
    const page = await openAdminPage(browser, server.adminUrl, PHONE);
    await expect.poll(() => soon(page, rooms)).toHaveLength(2);
    await page.keyboard.press("/");
    await page.keyboard.type("DEMO");
    expect(await rooms(page)).toEqual(["demo-1 1 peer"]);
    await page.keyboard.press("Escape");
    expect(await rooms(page)).toHaveLength(2);
    await page.keyboard.type("nobody");
    await page.getByText("See what happened there").waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.type("demo");
    await page.keyboard.press("Enter");
    await page.getByText("Nobody is here now.").waitFor();
    expect(await textsOf(page, ".steps .event")).toEqual(["left", "joined"]);
    await page.getByRole("link", { name: "All rooms" }).click();
    await page.getByRole("searchbox").waitFor();
  });

  test("peers are disconnected and rooms are closed, once that is confirmed", async () => {
    const server = await start();
    const [ada, bob] = [await join(server, "demo", "Ada"), await join(server, "demo", "Bob")];
    const page = await openAdminPage(browser, server.adminUrl, { at: "/#room=demo" });
    await press(page, "Disconnect… Ada");
    expect(await focused(page)).toBe("Cancel");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await press(page, "Disconnect… Ada");
    await page.getByRole("dialog").getByLabel("Reason").fill("you were loud");
    await page.keyboard.press("Enter");
    expect(await ada.next("signal_error")).toEqual([
      { event: "disconnect", code: "removed", message: "you were loud" },
    ]);
    await page.getByText("Ada is disconnected.").waitFor();
    await expect.poll(() => soon(page, peers)).toEqual(["Bob"]);

    await press(page, "Close room…");
    await page.getByLabel("Closed for, in seconds").fill("30");
    await press(page, "Close room");
    expect(await bob.next("signal_error")).toMatchObject([{ code: "room_closed" }]);
    await page.getByText("demo is closed for 30 s.").waitFor();
    await page.getByText("Nobody is here now.").waitFor();
  });

  test("the server is drained; what the API refuses is said in the dialog", async () => {
    const server = await start();
    const ada = await join(server, "demo", "Ada");
    const page = await openAdminPage(browser, server.adminUrl, { at: "/#room=demo" });
    await press(page, "Disconnect… Ada");
    ada.socket.disconnect();
    await press(page, "Disconnect");
    await page.getByRole("alert").getByText("there is no such peer").waitFor();
    await page.keyboard.press("Escape");

    const bob = await join(server, "demo");
    await press(page, "Drain…");
    await press(page, "Drain");
    await bob.next("server_draining");
    await page.getByText("This server drains.").waitFor();
  });

  test("the keyboard is enough", async () => {
    const server = await start();
    for (const room of ["a", "b", "c"]) await join(server, room, `peer of ${room}`);
    const page = await openAdminPage(browser, server.adminUrl);
    await expect.poll(() => soon(page, rooms)).toHaveLength(3);
    await page.keyboard.press("/");
    await page.keyboard.press("Tab");
    expect(await focused(page)).toBe("a 1 peer");
    await page.keyboard.press("End");
    await page.keyboard.press("ArrowUp");
    expect(await focused(page)).toBe("b 1 peer");
    await page.keyboard.press("Enter");
    await expect.poll(() => focused(page)).toBe("b");
    await expect.poll(() => soon(page, peers)).toEqual(["peer of b"]);
    await page.keyboard.press("Tab");
    expect(await focused(page)).toBe("Close room…");
    await page.keyboard.press("Tab");
    expect(await focused(page)).toBe("Disconnect… peer of b");
    await page.keyboard.press("Enter");
    expect(await focused(page)).toBe("Cancel");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await expect.poll(() => soon(page, peers)).toEqual([]);
    // The button is gone with the peer; the list has one stop again.
    await expect.poll(() => focused(page)).toBe("b");
    expect(await page.locator(".names [tabindex='0']").count()).toBe(1);
  });

  test("axe finds nothing in any state", async () => {
    const server = await start({ RESUME_GRACE_MS: "0" });
    const ada = await join(server, "demo", "Ada");
    await join(server, "other", HOSTILE);
    await ada.offer("v=0", { to: "nobody" });
    const page = await openAdminPage(browser, server.adminUrl);
    await expect.poll(() => soon(page, rooms)).toHaveLength(2);
    await page.getByRole("searchbox").fill("nothing of the kind");
    await expectFitting(page);
    await page.goto(`${server.adminUrl}/#room=demo`);
    await page.getByText("refused: peer_not_found").waitFor();
    await expectFitting(page);
    await press(page, "Close room…");
    await expectFitting(page);
  });
});
