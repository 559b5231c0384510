/** Peers that mean harm to the page: floods of its data channel, and names made to mislead. */

import type { Browser, Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { lacksBrowser, sharedBrowser } from "../../support/browser.ts";
import { createCaller } from "../../support/calls.ts";
import { Person } from "../../support/person.ts";
import { startServer, UNLIMITED } from "../../support/server.ts";

/** In a page: how often the stage was laid out between two frames, at most. */
declare const layouts: { most: number; all: number };
function countLayouts() {
  const layouts = { most: 0, all: 0 };
  let inFrame = 0;
  const width = Object.getOwnPropertyDescriptor(Element.prototype, "clientWidth");
  Object.defineProperty(Element.prototype, "clientWidth", {
    get() {
      if (this.matches(".grid")) {
        inFrame++;
        layouts.all++;
        layouts.most = Math.max(layouts.most, inFrame);
      }
      return width?.get?.call(this);
    },
  });
  const frame = () => {
    inFrame = 0;
    requestAnimationFrame(frame);
  };
  frame();
  Object.assign(globalThis, { layouts });
}

/** Calls with a page channel of its own, which the test then writes to. */
async function callWithChannel(eve: Page, name: string): Promise<void> {
  await eve.evaluate(async (name) => {
    await window.mesh.leave();
    window.watch(
      new window.client.Mesh(window.signaling, {
        streams: [window.camera],
        channels: { page: {}, other: {} },
      }),
    );
    window.gone = new Promise((resolve) => {
      window.mesh.addEventListener("datachannel", ({ channel }) => {
        if (channel.label === "other") channel.addEventListener("close", resolve);
      });
    });
    await window.mesh.join("demo", { name });
  }, name);
  await eve.waitForFunction(() => window.mesh.peers[0]?.channels.has("page"));
}

const STATE = { type: "state", muted: false, camera: true };

describe.skipIf(lacksBrowser())("hostile peers on the page", { timeout: 100_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await sharedBrowser();
  });

  async function callOfTwo() {
    const { url, connect } = await startServer(UNLIMITED);
    const ada = await Person.inCall(browser, url, { name: "Ada", prepare: countLayouts });
    const eve = await (await createCaller(browser, url)).join("elsewhere");
    await callWithChannel(eve, "Eve");
    await ada.sees(1);
    return { ada, eve, connect };
  }

  test("who floods the channel is shut out, and the tile says so", async () => {
    const { ada, eve } = await callOfTwo();
    const flood = ada.page.locator(".tile:not(.self) .flood");
    expect(await flood.isVisible()).toBe(false);
    await eve.evaluate(async (state) => {
      const channel = window.mesh.peers[0]?.channels.get("page");
      for (let sent = 0; sent < 20_000 && channel?.readyState === "open"; sent++) {
        while (channel.bufferedAmount > 1_000_000) await new Promise(requestAnimationFrame);
        const screen = sent % 2 === 0;
        const chat = { type: "chat", text: `flood ${sent}` };
        channel.send(JSON.stringify(sent % 3 === 0 ? { ...state, screen } : chat));
      }
    }, STATE);
    await eve.waitForFunction(() => !window.mesh.peers[0]?.channels.has("page"));
    await flood.waitFor();
    await ada.hears("Eve sent too many messages. No more are read.");
    const messages = ada.page.locator(".log li");
    const shown = await messages.count();
    expect(shown).toBeGreaterThan(30);
    expect(shown).toBeLessThan(100);
    // Another channel helps no further, and the picture goes on.
    await eve.evaluate(async () => {
      const channel = window.mesh.peers[0]?.connection?.createDataChannel("page");
      const closed = new Promise((resolve) => channel?.addEventListener("close", resolve));
      channel?.addEventListener("open", () => channel.send('{"type":"chat","text":"again"}'));
      await closed;
    });
    expect(await messages.count()).toBe(shown);
    await ada.seesMotion();
  });

  test("a channel that isn't the page's is closed", async () => {
    const { eve } = await callOfTwo();
    await eve.evaluate(() => window.gone);
    expect(await eve.evaluate(() => window.mesh.peers[0]?.channels.has("page"))).toBe(true);
  });

  test("tracks that have ended are not kept: the newest is shown", async () => {
    const { ada, eve } = await callOfTwo();
    await eve.evaluate(async () => {
      const { connection } = window.mesh.peers[0] ?? {};
      if (!connection) throw new Error("no connection");
      const [track] = window.camera.getVideoTracks();
      if (!track) throw new Error("no track");
      for (let round = 0; round < 10; round++) {
        const negotiated = new Promise<void>((resolve) => {
          const onChange = () => {
            if (connection.signalingState !== "stable") return;
            connection.removeEventListener("signalingstatechange", onChange);
            resolve();
          };
          connection.addEventListener("signalingstatechange", onChange);
        });
        for (const transceiver of connection.getTransceivers()) {
          if (transceiver.sender.track?.kind === "video") transceiver.stop();
        }
        connection.addTrack(track.clone());
        await negotiated;
      }
    });
    const count = () =>
      ada.page.$eval(".tile:not(.self) video", (video) => {
        const { srcObject } = video as HTMLVideoElement;
        return srcObject instanceof MediaStream ? srcObject.getVideoTracks().length : 0;
      });
    expect(await count()).toBe(1);
    await ada.seesMotion();
  });

  test("the stage is laid out once a frame, however many messages and joins there are", async () => {
    const { ada, eve, connect } = await callOfTwo();
    const before = await ada.page.evaluate(() => layouts.all);
    await eve.evaluate((state) => {
      for (let sent = 0; sent < 50; sent++) {
        window.mesh.send("page", JSON.stringify({ ...state, screen: sent % 2 === 0 }));
      }
    }, STATE);
    const flapper = await connect();
    for (let round = 0; round < 100; round++) {
      flapper.socket.emit("join", { room: "demo", name: `Flapper ${round}` });
      flapper.socket.emit("leave");
    }
    await ada.hears("Flapper 99 has left.");
    await ada.page.waitForFunction((before) => layouts.all > before, before);
    expect(await ada.page.evaluate(() => layouts.most)).toBe(1);
  });

  test("names stand by themselves; ours is marked by more than words", async () => {
    const { url } = await startServer();
    const ada = await Person.inCall(browser, url, { name: "Ada", devices: false });
    const bob = await Person.inCall(browser, url, { name: "You", devices: false });
    await ada.hears("You has joined.");
    await Promise.all([ada.meets(1), bob.meets(1)]);
    const { page } = ada;
    expect(await page.locator(".self .you").isVisible()).toBe(true);
    expect(await page.locator(".self").getAttribute("aria-current")).toBe("true");
    expect(await page.locator(".tile:not(.self) .you").isVisible()).toBe(false);
    expect(await page.locator("[aria-current]").count()).toBe(1);

    await bob.press("Chat");
    await bob.write("Good morning");
    await ada.hears("You: Good morning");
    await ada.press("Chat 1 unread");
    await ada.write("Good evening");
    const heads = page.locator(".log .from");
    await heads.nth(1).waitFor();
    // Somebody else's name comes after "From"; ours is a badge.
    expect(await heads.nth(0).textContent()).toMatch(/^From You\d/);
    expect(await heads.nth(0).locator(".you").count()).toBe(0);
    expect(await heads.nth(1).textContent()).toMatch(/^You\d/);
    expect(await heads.nth(1).locator(".you").count()).toBe(1);
    // The plate, the tip of the button beside it, the message, what was said.
    for (const place of [".tile:not(.self) .plate", ".signal .tip", ".log .from", "#toast"]) {
      const names = page.locator(`${place} bdi`, { hasText: "You" });
      expect(await names.count(), place).toBeGreaterThan(0);
    }
  });
});
