/** What the mesh tells the server of its calls: which way they go, why they fail, and how they end. */

import type { Browser } from "playwright-core";
import { describe, expect, onTestFinished, test } from "vitest";
import type { ReceivedCallReport } from "../../../src/signaling/call-reports.ts";
import { readOurs } from "../../support/admin.ts";
import { lacksBrowser, launchBrowser, startBrowser } from "../../support/browser.ts";
import { createCaller, seeEachOther } from "../../support/calls.ts";
import { lacksCoturn, startCoturn } from "../../support/coturn.ts";
import { startServer } from "../../support/server.ts";

/** A server that keeps what it is told, and pages that call each other. */
async function setUp(browser: Browser, env: Record<string, string> = {}) {
  const reports: ReceivedCallReport[] = [];
  const onReport = (report: ReceivedCallReport) => void reports.push(report);
  const server = await startServer({ ADMIN_PORT: "0", ...env }, { onReport });
  const { join, open } = await createCaller(browser, server.url);
  /** The reports with this outcome, when there are as many. */
  const told = async (outcome: ReceivedCallReport["outcome"], count: number) => {
    const those = () => reports.filter((report) => report.outcome === outcome);
    await expect.poll(() => those().length, { timeout: 60_000 }).toBe(count);
    return those();
  };
  /** The metric of link ends: how many by outcome, path and reason. */
  const counted = async () => {
    const metrics = Object.entries(await readOurs(server.adminUrl));
    return metrics.flatMap(([name, value]) => {
      const pattern = /^link_ends_total\{outcome="(.*)",path="(.*)",reason="(.*)"\}$/;
      const [, ...labels] = pattern.exec(name) ?? [];
      return labels.length > 0 ? `${value} ${labels.filter(Boolean).join(" ")}` : [];
    });
  };
  return { server, reports, told, counted, join, open };
}

const idOf = () => window.mesh.self?.id ?? "";

describe.skipIf(lacksBrowser())("reports of calls", { timeout: 120_000 }, () => {
  test("both ends of a direct call tell that it has connected, and how it was when one leaves", async () => {
    const { told, reports, counted, join } = await setUp(await launchBrowser());
    const [ada, bob] = [await join(), await join()];
    await seeEachOther([ada, bob]);
    const ids = [await ada.evaluate(idOf), await bob.evaluate(idOf)];
    const connected = await told("connected", 2);
    const common = {
      room: "demo",
      ms: expect.toSatisfy(Number.isInteger),
      path: expect.stringMatching(/^(host|prflx)$/),
    };
    for (const [from, to] of [ids, ids.toReversed()]) {
      expect(connected).toContainEqual(expect.objectContaining({ ...common, from, to }));
    }
    // Otherwise every failure would look like one without candidates.
    const theirs = () => window.mesh.peers[0]?.connection?.remoteDescription?.sdp;
    expect(await ada.evaluate(theirs)).toMatch(/^a=candidate:/m);
    // Whoever leaves tells it before that, and the other one when it hears of it.
    await ada.evaluate(() => window.mesh.leave());
    const ended = await told("ended", 2);
    expect(ended.map(({ from }) => from)).toEqual(ids);
    for (const report of ended) {
      expect(report).toMatchObject({ ...common, rttMs: expect.any(Number) });
      expect(report.ms).toBeGreaterThan(0);
    }
    expect(reports).toHaveLength(4);
    for (const ends of await counted())
      expect(ends).toMatch(/^[12] (?:connected|ended) (?:host|prflx)$/);
    expect(await bob.evaluate(() => window.errors)).toEqual([]);
  });

  test("a page that is left in a call tells how it was", async () => {
    const { told, join } = await setUp(await launchBrowser());
    const [ada, bob] = [await join(), await join()];
    await seeEachOther([ada, bob]);
    const id = await ada.evaluate(idOf);
    await told("connected", 2);
    await ada.goto("about:blank");
    expect((await told("ended", 2)).map(({ from }) => from)).toContain(id);
  });

  test("nothing is told where reports are switched off", async () => {
    const { told, reports, open, join } = await setUp(await launchBrowser());
    const ada = await open();
    await ada.evaluate(async () => {
      const { client, signaling, camera } = window;
      window.watch(new client.Mesh(signaling, { streams: [camera], callReports: false }));
      await window.mesh.join("demo");
    });
    const bob = await join();
    await seeEachOther([ada, bob]);
    await ada.evaluate(() => window.mesh.leave());
    const [ended] = await told("ended", 1);
    expect(new Set(reports.map(({ from }) => from))).toEqual(new Set([ended?.from]));
    expect(ended?.from).toBe(await bob.evaluate(idOf));
  });
});

describe.skipIf(lacksBrowser() || lacksCoturn())(
  "reports of calls through coturn",
  { timeout: 120_000 },
  () => {
    /** The settings of a server beside this coturn, for calls through it only. */
    const relayOnly = (urls: string, secret: string) => ({
      TURN_URLS: urls,
      TURN_SECRET: secret,
      ICE_TRANSPORT_POLICY: "relay",
    });

    test.each([
      ["relay/udp", (address: string) => `turn:${address}?transport=udp`],
      ["relay/tcp", (address: string) => `turn:${address}?transport=tcp`],
      ["relay/tls", (address: string) => `turns:${address}:5349?transport=tcp`],
    ])("%s", async (path, urlOf) => {
      const coturn = await startCoturn();
      // Coturn has signed its certificate itself.
      const browser = await startBrowser({ trusting: true });
      onTestFinished(() => browser.close());
      const { told, counted, join } = await setUp(
        browser,
        relayOnly(urlOf(coturn.address), coturn.secret),
      );
      await seeEachOther([await join(), await join()]);
      const connected = await told("connected", 2);
      expect(connected.map((report) => "path" in report && report.path)).toEqual([path, path]);
      expect(await counted()).toEqual([`2 connected ${path}`]);
    });

    test("refused by the TURN server, without candidates, or without an answer: each fails with its reason", async () => {
      const coturn = await startCoturn();
      const { server, reports, told, counted, join, open } = await setUp(
        await launchBrowser(),
        relayOnly(`turn:${coturn.address}`, "another secret"),
      );
      const silent = await server.connect();
      await silent.join("demo");
      const [ada, bob] = [await join(), await join()];
      // Uses no TURN server, and so the server passes none of its candidates on.
      const cyd = await open();
      await cyd.evaluate(async () => {
        const { client, signaling, camera } = window;
        const configuration: RTCConfiguration = { iceServers: [], iceTransportPolicy: "all" };
        window.watch(new client.Mesh(signaling, { streams: [camera], configuration }));
        await window.mesh.join("demo");
      });
      const ids = await Promise.all([ada, bob, cyd].map((page) => page.evaluate(idOf)));
      const failed = await told("failed", 9);
      const reasons = failed.map(({ from, to, ...report }) => ({
        between: [ids.indexOf(from), ids.indexOf(to)],
        reason: "reason" in report && report.reason,
      }));
      const expected = [
        { between: [0, -1], reason: "no_answer" },
        { between: [1, -1], reason: "no_answer" },
        { between: [2, -1], reason: "no_answer" },
        { between: [0, 1], reason: "relay_refused" },
        { between: [0, 2], reason: "relay_refused" },
        { between: [1, 0], reason: "relay_refused" },
        { between: [1, 2], reason: "relay_refused" },
        { between: [2, 0], reason: "no_candidates" },
        { between: [2, 1], reason: "no_candidates" },
      ];
      expect(reasons).toEqual(expect.arrayContaining(expected));
      expect((await counted()).sort()).toEqual([
        "2 failed no_candidates",
        "3 failed no_answer",
        "4 failed relay_refused",
      ]);
      // Told once: leaving, which is answered after all that was sent before, adds nothing.
      await ada.evaluate(() => window.mesh.leave());
      expect(reports).toHaveLength(9);
    });
  },
);
