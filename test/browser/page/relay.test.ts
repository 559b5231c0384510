/** The page through a real TURN server, where peers must not learn each other's address. */

import { describe, expect, test } from "vitest";
import { lacksBrowser, launchBrowser } from "../../support/browser.ts";
import { lacksCoturn, startCoturn } from "../../support/coturn.ts";
import { Person } from "../../support/person.ts";
import { startServer } from "../../support/server.ts";

describe.skipIf(lacksBrowser() || lacksCoturn())("relay only", { timeout: 60_000 }, () => {
  test("two people see each other through coturn, and the page says so", async () => {
    const coturn = await startCoturn();
    const { url } = await startServer({
      TURN_URLS: `turn:${coturn.address}`,
      TURN_SECRET: coturn.secret,
      ICE_TRANSPORT_POLICY: "relay",
    });
    const browser = await launchBrowser();
    const ada = await Person.inCall(browser, url, { name: "Ada" });
    const bob = await Person.inCall(browser, url, { name: "Bob" });
    await Promise.all([ada.sees(1), bob.sees(1)]);
    await ada.press("Connection with Bob");
    await ada.tile("Bob").locator(".facts dd", { hasText: "Relayed" }).waitFor();
    expect(coturn.log()).toContain("ALLOCATE processed, success");
  });
});
