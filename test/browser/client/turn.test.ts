/** The mesh through a real TURN server. */

import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { lacksBrowser, launchBrowser } from "../../support/browser.ts";
import { createCaller, seeEachOther } from "../../support/calls.ts";
import { lacksCoturn, startCoturn } from "../../support/coturn.ts";
import { startServer } from "../../support/server.ts";

/** The types of both ends of the path that is in use. */
const chosenPath = (page: Page) =>
  page.evaluate(async () => {
    const stats = [...((await window.mesh.peers[0]?.connection?.getStats())?.values() ?? [])];
    const transport = stats.find(({ type }) => type === "transport");
    const pair = stats.find(({ id }) => id === transport?.selectedCandidatePairId);
    const typeOf = (id: string) => stats.find((entry) => entry.id === id)?.candidateType;
    return [typeOf(pair?.localCandidateId), typeOf(pair?.remoteCandidateId)];
  });

describe.skipIf(lacksBrowser() || lacksCoturn())("mesh through coturn", { timeout: 90_000 }, () => {
  test("it uses what the server gives, and renews it before an ICE restart in mid-call", async () => {
    const coturn = await startCoturn();
    const clock = { aheadMs: 0 };
    const server = await startServer(
      {
        TURN_URLS: `turn:${coturn.address}`,
        TURN_SECRET: coturn.secret,
        ICE_TRANSPORT_POLICY: "relay",
      },
      { now: () => Date.now() + clock.aheadMs },
    );
    const { join } = await createCaller(await launchBrowser(), server.url);
    const [ada, bob] = [await join(), await join()];
    await seeEachOther([ada, bob]);
    for (const page of [ada, bob]) expect(await chosenPath(page)).toEqual(["relay", "relay"]);

    const username = () =>
      bob.evaluate(() => {
        const [server] = window.mesh.peers[0]?.connection?.getConfiguration().iceServers ?? [];
        return server?.username ?? "";
      });
    const fragment = () =>
      bob.evaluate(
        () => window.mesh.peers[0]?.connection?.localDescription?.sdp.match(/ice-ufrag:.+/)?.[0],
      );
    const [expiry] = (await username()).split(":");
    const before = await fragment();
    clock.aheadMs = 1_000_000;
    await bob.evaluate(() => window.dispatchEvent(new Event("online")));
    while ((await fragment()) === before)
      await bob.evaluate(() => new Promise(requestAnimationFrame));
    const renewed = await username();
    expect(Number(renewed.split(":")[0])).toBeGreaterThanOrEqual(Number(expiry) + 1_000);
    await coturn.logged(
      new RegExp(`user <${renewed}>: incoming packet ALLOCATE processed, success`),
    );
    await bob.waitForFunction(
      () => window.mesh.peers[0]?.connection?.iceConnectionState === "connected",
    );
    await seeEachOther([ada, bob]);
    expect(await chosenPath(bob)).toEqual(["relay", "relay"]);
  });
});
