/** Five people in a call: twenty encoders, which take their time on a small machine. */

import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { lacksBrowser, launchBrowser } from "../support/browser.ts";
import { createCaller, seeEachOther } from "../support/calls.ts";
import { Person, sendSmallPictures } from "../support/person.ts";
import { startServer } from "../support/server.ts";

const NAMES = ["Ada", "Bob", "Cyd", "Dee", "Eve"];

describe.skipIf(lacksBrowser())("five in a mesh", { timeout: 300_000 }, () => {
  test("of the client: every pair decodes each other's frames", async () => {
    const { url } = await startServer();
    const { join } = await createCaller(await launchBrowser(), url);
    const pages: Page[] = [];
    for (const name of NAMES) pages.push(await join("demo", name));
    await seeEachOther(pages);
    const names = () => window.mesh.peers.map(({ name }) => name);
    expect(await pages[0]?.evaluate(names)).toEqual(NAMES.slice(1));
  });

  test("of the page: everyone sees everyone's picture", async () => {
    const { url } = await startServer();
    const browser = await launchBrowser();
    const options = { viewport: { width: 400, height: 300 }, prepare: sendSmallPictures };
    const people: Person[] = [];
    for (const name of NAMES) people.push(await Person.inCall(browser, url, { name, ...options }));
    await Promise.all(people.map((person) => person.sees(4)));
    const headcount = people[0]?.page.locator(".headcount");
    expect(await headcount?.textContent()).toBe("5 people");
  });
});
