/** What a page's calls do and what reaches it, whatever page it is: seen from outside of it. */

import type { Page } from "playwright-core";

declare global {
  interface Window {
    /** Every call the page has made so far, oldest first. */
    watchedCalls: RTCPeerConnection[];
    /** Every candidate that the browser has found for them. */
    foundCandidates: string[];
  }
}

/** Watches the calls that the page is going to make, and every message it gets from a server. */
export async function watchCalls(page: Page): Promise<{ received: () => string }> {
  const messages: string[] = [];
  page.on("websocket", (webSocket) =>
    webSocket.on("framereceived", ({ payload }) => void messages.push(String(payload))),
  );
  page.on("response", async (response) => {
    if (!response.url().includes("transport=polling")) return;
    messages.push(await response.text().catch(() => ""));
  });
  await page.addInitScript(() => {
    window.watchedCalls = [];
    window.foundCandidates = [];
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        window.watchedCalls.push(this);
        this.addEventListener("icecandidate", ({ candidate }) => {
          if (candidate?.candidate) window.foundCandidates.push(candidate.candidate);
        });
      }
    };
  });
  return { received: () => messages.join("\n") };
}

/** What kind of address the page's newest call has chosen at each end, since ICE last began anew. */
export async function chosenPath(page: Page): Promise<{ local: string; remote: string }> {
  return page.evaluate(async () => {
    for (;;) {
      const call = window.watchedCalls.at(-1);
      const stats: Map<string, Record<string, string>> = new Map();
      (await call?.getStats())?.forEach((report) => {
        stats.set(report.id, report);
      });
      const transport = [...stats.values()].find(({ type }) => type === "transport");
      const pair = stats.get(transport?.["selectedCandidatePairId"] ?? "");
      const local = stats.get(pair?.["localCandidateId"] ?? "");
      const remote = stats.get(pair?.["remoteCandidateId"] ?? "");
      const fragment = `a=ice-ufrag:${local?.["usernameFragment"]}\r\n`;
      if (remote && local && call?.localDescription?.sdp.includes(fragment)) {
        return { local: local["candidateType"] ?? "", remote: remote["candidateType"] ?? "" };
      }
      await new Promise(requestAnimationFrame);
    }
  });
}

/** Addresses of the other peers that the browser has come to know, by any means. */
export function remoteAddresses(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const addresses: string[] = [];
    for (const call of window.watchedCalls) {
      (await call.getStats()).forEach((report) => {
        if (report.type === "remote-candidate") addresses.push(String(report.address));
      });
    }
    return addresses;
  });
}

/** Resolves when a remote picture has moved on by ten frames from now. */
export async function pictureMoves(page: Page): Promise<void> {
  const decoded = () =>
    page.evaluate(() =>
      Math.max(
        0,
        ...[...document.querySelectorAll("video")]
          .filter(({ srcObject }) => srcObject instanceof MediaStream)
          .map((video) => video.getVideoPlaybackQuality().totalVideoFrames),
      ),
    );
  const before = await decoded();
  await page.waitForFunction(
    (enough) =>
      [...document.querySelectorAll("video")].some(
        (video) =>
          video.videoWidth > 2 && video.getVideoPlaybackQuality().totalVideoFrames >= enough,
      ),
    before + 10,
  );
}
