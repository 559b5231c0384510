/** A phone in the same Wi-Fi: it scans the code on the page, opens it by HTTPS, and calls the desktop. */

import type { Browser, Locator } from "playwright-core";
import { decodeQR } from "qr/decode.js";
import { beforeAll, describe, expect, test } from "vitest";
import { lacksBrowser, sharedBrowser } from "../../support/browser.ts";
import { Person } from "../../support/person.ts";
import { startWithPhone } from "../../support/phone.ts";
import { startServer } from "../../support/server.ts";
import { mint, SECRET } from "../../support/tokens.ts";

const PHONE = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
  // Its owner has accepted the certificate.
  ignoreHTTPSErrors: true,
};

/** The desktop opens the page by the name that needs no HTTPS. */
const onDesktop = (url: string) => url.replace("127.0.0.1", "localhost");

/** Reads a code off the screen, as a camera would. */
async function scan(code: Locator): Promise<string> {
  await expect
    .poll(() => code.evaluate((img) => (img as HTMLImageElement).naturalWidth))
    .not.toBe(0);
  const picture = (await code.screenshot()).toString("base64");
  const { data, ...size } = await code.page().evaluate(async (picture) => {
    const image = new Image();
    image.src = `data:image/png;base64,${picture}`;
    await image.decode();
    const { width, height } = image;
    const canvas = new OffscreenCanvas(width, height).getContext("2d");
    canvas?.drawImage(image, 0, 0);
    return { width, height, data: [...(canvas?.getImageData(0, 0, width, height).data ?? [])] };
  }, picture);
  return decodeQR({ ...size, data: Uint8Array.from(data) });
}

describe.skipIf(lacksBrowser())("a phone in the same Wi-Fi", { timeout: 100_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await sharedBrowser();
  });

  test("opens the code on the desktop's page, and the two see each other", async () => {
    const { url, phoneUrl } = await startWithPhone();
    const ada = await Person.inCall(browser, onDesktop(url), {
      name: "Ada",
      room: "demo:1",
      colorScheme: "dark",
    });
    const link = new URL(await scan(ada.page.locator(".invitation img")));
    expect(link.origin).toBe(phoneUrl);
    const room = link.searchParams.get("room") ?? "";
    expect(room).toBe("demo:1");

    const bob = await Person.inCall(browser, link.origin, { ...PHONE, name: "Bob", room });
    await Promise.all([ada.sees(1), bob.sees(1)]);
    await Promise.all([ada.tile("Bob").waitFor(), bob.tile("Ada").waitFor()]);
    await Promise.all([ada.seesMotion(), bob.seesMotion()]);

    // For a third one, when there is no invitation any more.
    for (const person of [ada, bob]) {
      await person.press("Phone");
      const dialog = person.page.getByRole("dialog", { name: "Call from a phone" });
      expect(await scan(dialog.getByRole("img"))).toBe(link.href);
      expect(await dialog.getByRole("textbox").inputValue()).toBe(link.href);
      await person.press("Close");
    }
  });

  test("is not told the token of who shows the code, and neither is the server", async () => {
    const { url, phoneUrl } = await startWithPhone({ AUTH_SECRET: SECRET });
    const token = await mint({ name: "Ada" });
    const requests: string[] = [];
    const ada = await Person.open(browser, onDesktop(url), { token, room: "demo", devices: false });
    ada.page.on("request", (request) => {
      if (request.url().includes("phone.svg")) requests.push(request.url());
    });
    await ada.press("Join");
    expect(await scan(ada.page.locator(".invitation img"))).toBe(`${phoneUrl}/?room=demo`);
    expect(new Set(requests)).toEqual(new Set([`${onDesktop(url)}/phone.svg?room=demo`]));
  });

  test("is not mentioned without --phone", async () => {
    const { url } = await startServer();
    const ada = await Person.inCall(browser, url, { devices: false });
    await ada.page.getByRole("heading", { name: "You are the only one here" }).waitFor();
    expect(await ada.page.getByRole("button", { name: "Phone", exact: true }).count()).toBe(0);
    expect(await ada.page.locator(".phone").count()).toBe(0);
  });
});
