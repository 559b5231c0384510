/** Calls between pages of a real browser through a real TURN server. */

import { networkInterfaces } from "node:os";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { lacksBrowser, launchBrowser, servePage } from "../support/browser.ts";
import { callPage } from "../support/call-page.ts";
import { lacksCoturn, startCoturn } from "../support/coturn.ts";
import { startServer } from "../support/server.ts";
import { chosenPath, pictureMoves, remoteAddresses, watchCalls } from "../support/watch-calls.ts";

declare global {
  interface Window {
    renew(): Promise<void>;
  }
}

const RELAYED = { local: "relay", remote: "relay" };

/** A signaling server with coturn beside it, and pages in contexts of their own. */
async function setUp(policy: "all" | "relay") {
  const coturn = await startCoturn();
  const clock = { aheadMs: 0 };
  const server = await startServer(
    {
      STUN_URLS: `stun:${coturn.address}`,
      TURN_URLS: `turn:${coturn.address}`,
      TURN_SECRET: coturn.secret,
      ICE_TRANSPORT_POLICY: policy,
    },
    { now: () => Date.now() + clock.aheadMs },
  );
  const url = await servePage(callPage(server.url));
  const browser = await launchBrowser();
  const open = async (query = "") => {
    const permissions = query.includes("media=no") ? [] : ["camera", "microphone"];
    const page = await (await browser.newContext({ permissions })).newPage();
    page.on("pageerror", (error) => expect.soft(error).toBeUndefined());
    const { received } = await watchCalls(page);
    await page.goto(url + query);
    await page.waitForSelector("body[data-joined]", { state: "attached" });
    return { page, received };
  };
  return { coturn, clock, open };
}

/** Every address by which the page's computer could be found, as its browser and its system know. */
async function ownAddresses(page: Page): Promise<string[]> {
  await page.waitForFunction(() => window.watchedCalls.at(-1)?.iceGatheringState === "complete");
  const found = await page.evaluate(() => window.foundCandidates);
  const own = found.flatMap((candidate) => {
    const [, , , , address = "", , , type, , related = ""] = candidate.split(" ");
    return type === "relay" ? [related] : [address, related];
  });
  const system = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const all = [...own, ...system.map(({ address }) => address)];
  // Blanked ones, and an IPv6 loopback that stands in half of all texts.
  return [...new Set(all)].filter(
    (address) => !["", "0.0.0.0", "::", "::1", "0"].includes(address),
  );
}

describe.skipIf(lacksBrowser() || lacksCoturn())(
  "calls through coturn",
  { timeout: 120_000 },
  () => {
    test("two pages told to relay see each other, and the statistics say relay", async () => {
      const { open } = await setUp("relay");
      const ada = await open();
      const bob = await open();
      for (const { page } of [ada, bob]) {
        await pictureMoves(page);
        expect(await chosenPath(page)).toEqual(RELAYED);
      }
    });

    test.each([
      ["whose candidates trickle", "?policy=all", "camera"],
      ["that sends whole SDPs", "?policy=all&trickle=no", "camera"],
      ["whose host addresses are mDNS names", "?policy=all&media=no", "mDNS"],
    ])(
      "relay only: a page %s and ignores the policy gives no address away",
      async (_w, query, kind) => {
        const { open, coturn } = await setUp("relay");
        const bob = await open(query.replace("policy=all", "").replace("trickle=no", ""));
        // She comes later, so she offers, and he answers through the same server.
        const ada = await open(query);
        const addresses = await ownAddresses(ada.page);
        expect(addresses.some((address) => address.endsWith(".local"))).toBe(kind === "mDNS");
        expect(await chosenPath(bob.page)).toEqual(RELAYED);
        if (kind === "camera") for (const { page } of [ada, bob]) await pictureMoves(page);
        if (!query.includes("trickle=no")) {
          await expect.poll(bob.received).toContain('["getCandidate",null');
        }
        const received = bob.received();
        expect(received).toContain(`${coturn.relayAddress} `);
        for (const address of addresses) expect(received).not.toContain(address);
        expect(new Set(await remoteAddresses(bob.page))).toEqual(new Set([coturn.relayAddress]));
      },
    );

    test("without the policy the same search finds the addresses", async () => {
      const { open } = await setUp("all");
      const bob = await open();
      const ada = await open();
      const addresses = await ownAddresses(ada.page);
      await chosenPath(bob.page);
      expect(addresses.filter((address) => bob.received().includes(address))).not.toEqual([]);
    });

    test("credentials are renewed in the middle of a call, then ICE restarts with them", async () => {
      const { open, coturn, clock } = await setUp("relay");
      const ada = await open();
      const bob = await open();
      for (const { page } of [ada, bob]) await pictureMoves(page);
      const allocated = /user <(\d+):[^>]+>: incoming packet ALLOCATE processed, success/g;
      const latestExpiry = () =>
        Math.max(...[...coturn.log().matchAll(allocated)].map(([, expiry]) => Number(expiry)));
      const before = latestExpiry();
      const fragments = () =>
        bob.page.evaluate(() =>
          window.watchedCalls[0]?.localDescription?.sdp.match(/ice-ufrag:.+/g),
        );
      const old = await fragments();

      clock.aheadMs = 1_000_000;
      await bob.page.evaluate(() => window.renew());
      expect(await fragments()).not.toEqual(old);
      await expect.poll(latestExpiry).toBeGreaterThanOrEqual(before + 1_000);
      for (const { page } of [ada, bob]) {
        expect(await chosenPath(page)).toEqual(RELAYED);
        await pictureMoves(page);
      }
    });
  },
);
