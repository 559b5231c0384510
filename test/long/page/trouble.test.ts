/** What people meet when things go wrong, in a real browser: each is drawn, and most pass. */

import type { Browser } from "playwright-core";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { lacksBrowser, servePage, sharedBrowser, startBrowser } from "../../support/browser.ts";
import { lessonPage } from "../../support/lesson-page.ts";
import { Person } from "../../support/person.ts";
import { startServer } from "../../support/server.ts";
import { mint, SECRET } from "../../support/tokens.ts";

/** Keeps the page's connections where a test can get at them. */
declare const connections: RTCPeerConnection[];
function recordConnections() {
  const connections: RTCPeerConnection[] = [];
  const Recorded = class extends RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      connections.push(this);
    }
  };
  Object.assign(globalThis, { connections, RTCPeerConnection: Recorded });
}

describe.skipIf(lacksBrowser())("trouble on the page", { timeout: 100_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await sharedBrowser();
  });

  test("a full room says so, and lets in when somebody has left", async () => {
    const { url } = await startServer({ MAX_PEERS_PER_ROOM: "2" });
    const ada = await Person.inCall(browser, url, { name: "Ada", devices: false });
    await Person.inCall(browser, url, { name: "Bob", devices: false });
    const cyd = await Person.open(browser, url, { name: "Cyd", devices: false, room: "demo" });
    await cyd.press("Join");
    await cyd.page.getByRole("alert").filter({ hasText: "The room demo is full." }).waitFor();
    await ada.press("Hang up");
    await cyd.press("Join");
    await cyd.meets(1);
  });

  test("a room that the server refuses: its reason is shown", async () => {
    const { url } = await startServer();
    const ada = await Person.open(browser, url, { name: "\u0007", devices: false, room: "demo" });
    await ada.press("Join");
    await ada.page.getByRole("alert").filter({ hasText: "The server said no: name" }).waitFor();
  });

  test("where tokens are asked for, the address brings one, and what it doesn't cover is said", async () => {
    const { url } = await startServer({ AUTH_SECRET: SECRET });
    const stranger = await Person.open(browser, url, { name: "Eve", devices: false, room: "demo" });
    const alert = (person: Person, text: string) =>
      person.page.getByRole("alert").filter({ hasText: text }).waitFor();
    await alert(stranger, "You were not let in: this server requires a token");
    const token = await mint({ room: "demo", name: "Ada" });
    const ada = await Person.inCall(browser, url, { token, devices: false });
    await ada.press("Hang up");
    await ada.page.getByLabel("Room", { exact: true }).fill("other");
    await ada.press("Join");
    await alert(ada, "You may not join the room other.");
    // A reload keeps the token.
    await ada.page.reload();
    await ada.press("Join");
    await ada.page.locator("#call").waitFor();
    await stranger.press("Join");
    await alert(stranger, "You were not let in: this server requires a token");
  });

  test("who is removed is told so, and so are all when the call is closed", async () => {
    const { url, disconnect, closeRoom, maps } = await startServer();
    const ada = await Person.inCall(browser, url, { name: "Ada", devices: false });
    const bob = await Person.inCall(browser, url, { name: "Bob", devices: false });
    const alert = (person: Person, text: string) =>
      person.page.getByRole("alert").filter({ hasText: text }).waitFor();
    const [first = ""] = maps.rooms.get("demo")?.keys() ?? [];
    await disconnect(first);
    await alert(ada, "You were removed from the call.");
    await closeRoom("demo");
    await alert(bob, "The call was closed.");
    await bob.press("Join");
    await alert(bob, "The call was closed.");
    // The room of who was removed is open to them in general, and closed at the moment.
    await closeRoom("demo", 0);
    await ada.press("Join");
    await ada.page.locator("#call").waitFor();
  });

  test("the server is restarted: all are back within 10 s, and a newcomer can join", async () => {
    const first = await startServer();
    const { url } = first;
    const [ada, bob] = [
      await Person.inCall(browser, url, { name: "Ada" }),
      await Person.inCall(browser, url, { name: "Bob" }),
    ];
    await Promise.all([ada.sees(1), bob.sees(1)]);
    await first.close();
    await Promise.all([ada.hears("out of reach"), bob.hears("out of reach")]);
    // The call goes on meanwhile.
    await ada.seesMotion();

    const second = await startServer({ PORT: new URL(url).port });
    const since = performance.now();
    await expect.poll(() => second.maps.rooms.get("demo")?.size, { timeout: 20_000 }).toBe(2);
    await Promise.all([ada.sees(1), bob.sees(1)]);
    expect(performance.now() - since).toBeLessThan(10_000);
    expect(await ada.page.locator(".banner").textContent()).toBe("");
    const cyd = await Person.inCall(browser, url, { name: "Cyd" });
    await Promise.all([ada.sees(2), bob.sees(2), cyd.sees(2)]);
  });

  test("without a server, joining waits for it, or is given up", async () => {
    const first = await startServer();
    const ada = await Person.open(browser, first.url, {
      name: "Ada",
      devices: false,
      room: "demo",
    });
    await ada.hears("Server connected");
    await first.close();
    await ada.hears("Looking for the server…");
    await ada.press("Join");
    await ada.page.getByRole("button", { name: "Joining…" }).waitFor();
    await ada.press("Cancel");
    expect(await ada.page.getByRole("alert").count()).toBe(0);
    await ada.press("Join");
    await startServer({ PORT: new URL(first.url).port });
    await ada.page.getByRole("heading", { name: "You are the only one here" }).waitFor();
  });

  test("a connection that fails is drawn, restarted, and drawn no more", async () => {
    const { url } = await startServer();
    const ada = await Person.inCall(browser, url, { name: "Ada", prepare: recordConnections });
    const bob = await Person.inCall(browser, url, { name: "Bob" });
    await Promise.all([ada.sees(1), bob.sees(1)]);
    // No browser lets a test cut its path, so the connection is made to say that it has failed.
    await ada.page.evaluate(() => {
      const [connection] = connections;
      Object.defineProperty(connection, "connectionState", { value: "failed", configurable: true });
      Object.assign(globalThis, { before: connection?.remoteDescription?.sdp });
      connection?.dispatchEvent(new Event("connectionstatechange"));
    });
    await ada.tile("Bob").getByText("Connection lost, trying again…").waitFor();
    await ada.page.waitForFunction(() => {
      const { before } = globalThis as unknown as { before: string };
      const ufrag = (sdp = "") => /a=ice-ufrag:(\S+)/.exec(sdp)?.[1];
      return ufrag(connections[0]?.remoteDescription?.sdp) !== ufrag(before);
    });
    await ada.page.evaluate(() => {
      const [connection] = connections;
      Reflect.deleteProperty(connection ?? {}, "connectionState");
      connection?.dispatchEvent(new Event("connectionstatechange"));
    });
    await ada.tile("Bob").locator("[data-fact=state]", { hasText: "connected" }).waitFor({
      state: "attached",
    });
    expect(await ada.tile("Bob").locator(".trouble").textContent()).toBe("");
    await ada.seesMotion();
  });

  test("no listener is left after hanging up: every connection is closed", async () => {
    const { url } = await startServer();
    const ada = await Person.inCall(browser, url, { name: "Ada", prepare: recordConnections });
    const bob = await Person.inCall(browser, url, { name: "Bob" });
    await Promise.all([ada.sees(1), bob.sees(1)]);
    await ada.press("Hang up");
    const states = () => ada.page.evaluate(() => connections.map((each) => each.connectionState));
    expect(await states()).toEqual(["closed"]);
  });

  test.each(["first", "second"])(
    "a plain lesson client that comes %s is a plain tile",
    async (at) => {
      const { url } = await startServer();
      const lessonUrl = await servePage(lessonPage(url));
      const lesson = await (await browser.newContext()).newPage();
      onTestFinished(() => lesson.context().close());
      const joined = lesson.waitForEvent("websocket");
      if (at === "first") await Promise.all([joined, lesson.goto(lessonUrl)]);
      const ada = await Person.inCall(browser, url, { name: "Ada" });
      if (at === "second") await lesson.goto(lessonUrl);
      await ada.sees(1);
      await ada.tile("Lesson").locator("video").waitFor();
      await lesson.waitForFunction(() => {
        const other = document.querySelector<HTMLVideoElement>("#other");
        return (other?.getVideoPlaybackQuality().totalVideoFrames ?? 0) >= 10;
      });
    },
  );
});

describe.skipIf(lacksBrowser())("a browser that refuses the camera", { timeout: 100_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser({ refusing: true });
    return () => browser.close();
  });

  test("says so, joins without, and sees and is seen as a tile", async () => {
    const { url } = await startServer();
    const ada = await Person.open(browser, url, { name: "Ada", room: "demo" });
    await ada.page.getByText("This page may not use your camera or microphone.").waitFor();
    await ada.press("Turn camera off");
    await ada.hears("This page may not use your camera or microphone.");
    await ada.press("Join");
    const bob = await Person.inCall(browser, url, { name: "Bob" });
    for (const [person, other] of [
      [ada, "Bob"],
      [bob, "Ada"],
    ] as const) {
      const tile = person.tile(other);
      await tile.getByText("muted, camera off").waitFor({ state: "attached" });
      await tile.locator(".avatar").waitFor();
      await tile.locator("[data-fact=state]", { hasText: "connected" }).waitFor({
        state: "attached",
      });
    }
  });
});
