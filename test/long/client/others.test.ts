/** Ours with peers that are not: the lesson's kind of page, node-datachannel, and one that trickles early. */

import { type DataChannel, PeerConnection } from "node-datachannel";
import type { Page } from "playwright-core";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Candidate, SignalingClient } from "../../../src/client/index.ts";
import { lacksBrowser, launchBrowser, servePage } from "../../support/browser.ts";
import { createCaller, seeEachOther } from "../../support/calls.ts";
import { documentedExample } from "../../support/examples.ts";
import { startServer } from "../../support/server.ts";

async function setUp() {
  const server = await startServer();
  const browser = await launchBrowser();
  const { join } = await createCaller(browser, server.url);
  return { server, browser, join };
}

/** Resolves when the documented page in plain socket.io-client shows so many pictures that move from now on. */
async function sees(page: Page, count: number): Promise<void> {
  const frames = () =>
    page.$$eval("#others video", (videos) =>
      videos.map((video) => (video as HTMLVideoElement).getVideoPlaybackQuality().totalVideoFrames),
    );
  const before = await frames();
  await page.waitForFunction(
    ([count, before]) => {
      const videos = [...document.querySelectorAll<HTMLVideoElement>("#others video")];
      const moving = videos.filter(
        (v, i) => v.getVideoPlaybackQuality().totalVideoFrames >= (before[i] ?? 0) + 5,
      );
      return videos.length === count && moving.length === count;
    },
    [count, before] as const,
  );
}

/** In a page of ours: restarts ICE with the one peer; gives the line that told of the path before. */
function restartIce(): string {
  const { sdp = "" } = window.mesh.peers[0]?.connection?.remoteDescription ?? {};
  window.dispatchEvent(new Event("online"));
  return sdp.match(/a=ice-ufrag:\S+/)?.[0] ?? "";
}

/**
 * A peer by node-datachannel (libjuice, usrsctp): it trickles, and writes `a=candidate:…`. Its candidates wait for
 * the other's description: libdatachannel connects as soon as it reads one, and fails if the other's certificate
 * comes before the fingerprint is stored (https://github.com/paullouisageneau/libdatachannel/pull/1612).
 */
function createDataPeer(url: string) {
  const signaling = new SignalingClient(url);
  const connection = new PeerConnection("theirs", { iceServers: [] });
  // Kept: a channel is closed when its object is garbage-collected.
  const channels: DataChannel[] = [];
  onTestFinished(() => {
    for (const channel of channels) channel.close();
    connection.close();
    signaling.close();
  });
  let to: string | undefined;
  const untold: Candidate[] = [];
  const tellCandidates = () => {
    if (untold.length === 0 || !connection.remoteDescription()) return;
    signaling.sendCandidates(untold.splice(0), to);
  };
  connection.onLocalDescription((sdp, type) => {
    if (type === "offer" || type === "answer") signaling.sendDescription({ type, sdp }, to);
  });
  connection.onLocalCandidate((candidate, sdpMid) => {
    untold.push({ candidate, sdpMid });
    tellCandidates();
  });
  signaling.addEventListener("description", ({ description, from }) => {
    to = from;
    connection.setRemoteDescription(description.sdp, description.type);
    tellCandidates();
  });
  signaling.addEventListener("candidate", ({ candidate }) => {
    if (candidate) connection.addRemoteCandidate(candidate.candidate, candidate.sdpMid ?? "0");
  });
  let resolveMessage: (text: string) => void;
  const message = new Promise<string>((resolve) => {
    resolveMessage = resolve;
  });
  const listen = (channel: DataChannel) => {
    channels.push(channel);
    channel.onMessage((data) => resolveMessage(String(data)));
  };
  connection.onDataChannel(listen);
  return {
    signaling,
    call: (id: string) => {
      to = id;
      listen(connection.createDataChannel("chat"));
    },
    nextMessage: () => message,
  };
}

describe.skipIf(lacksBrowser())("peers that are not ours", { timeout: 90_000 }, () => {
  test.each(["ours first", "theirs first"])(
    "a page in plain socket.io-client, %s",
    async (order) => {
      const { server, browser, join } = await setUp();
      const url = await servePage(documentedExample("socket.io", server.url));
      const openTheirs = async () => {
        const context = await browser.newContext({ permissions: ["camera", "microphone"] });
        const page = await context.newPage();
        await page.goto(url);
        await page.waitForFunction(
          () => document.querySelector<HTMLVideoElement>("#me")?.srcObject,
        );
        return page;
      };
      const joined = async (count: number) => {
        while (server.maps.socketToRoom.size < count) await openedPage.evaluate(() => true);
      };
      const first = order === "ours first" ? await join() : await openTheirs();
      const openedPage = first;
      await joined(1);
      const second = order === "ours first" ? await openTheirs() : await join();
      const [ours, theirs] = order === "ours first" ? [first, second] : [second, first];
      await ours.waitForFunction(() => Object.values(window.decoded()).some((count) => count >= 5));
      await sees(theirs, 1);
      // Another path, by an offer within the call they have.
      const path = await ours.evaluate(restartIce);
      await ours.waitForFunction(
        (path) => !window.mesh.peers[0]?.connection?.remoteDescription?.sdp.includes(path),
        path,
      );
      await ours.waitForFunction(
        () => window.mesh.peers[0]?.connection?.iceConnectionState === "connected",
      );
      await sees(theirs, 1);
      expect(await ours.evaluate(() => window.errors)).toEqual([]);
      await theirs.click("#hang-up");
      await ours.waitForFunction(() => window.mesh.peers.length === 0);
      // A third one, of ours, finds the first of ours.
      await seeEachOther([ours, await join()]);
    },
  );

  test.each(["ours first", "theirs first"])("node-datachannel, %s", async (order) => {
    const { server, join } = await setUp();
    const ours = await join("elsewhere");
    // Data channels only: this kind of peer has no camera to take ours for.
    await ours.evaluate(async () => {
      await window.mesh.leave();
      window.mesh = new window.client.Mesh(window.signaling, { channels: { chat: {} } });
    });
    const joinOurs = () => ours.evaluate(() => window.mesh.join("demo"));
    const theirs = createDataPeer(server.url);
    if (order === "ours first") await joinOurs();
    const { users } = await theirs.signaling.join("demo");
    if (order === "theirs first") await joinOurs();
    for (const { id } of users) theirs.call(id);

    const heard = theirs.nextMessage();
    await ours.waitForFunction(() => window.mesh.peers[0]?.channels.has("chat"));
    expect(await ours.evaluate(() => window.mesh.send("chat", "hello"))).toBe(1);
    expect(await heard).toBe("hello");
    expect(await ours.evaluate(() => window.errors)).toEqual([]);
  });

  test("candidates that come before their description are kept and used", async () => {
    const { join } = await setUp();
    const ours = await join();
    const theirs = await join("elsewhere");
    // The other side by the lower layer alone: every candidate first, the offer last, none inside it.
    await theirs.evaluate(async () => {
      await window.mesh.leave();
      const { signaling } = window;
      const connection = new RTCPeerConnection();
      for (const track of window.camera.getTracks()) connection.addTrack(track, window.camera);
      const { users } = await signaling.join("demo");
      const to = users[0]?.id;
      signaling.addEventListener("description", ({ description }) => {
        // Without its candidates, so that the path can only be one we have told.
        const sdp = description.sdp.replace(/a=candidate.*\r\n/g, "");
        connection.setRemoteDescription({ type: description.type, sdp });
      });
      await connection.setLocalDescription();
      const { type, sdp = "" } = connection.localDescription ?? {};
      await new Promise<void>((resolve) => {
        connection.addEventListener("icecandidate", ({ candidate }) => {
          signaling.sendCandidates(
            [candidate && (candidate.toJSON() as { candidate: string })],
            to,
          );
          if (!candidate) resolve();
        });
      });
      if (type !== "offer") throw new Error("not an offer");
      await signaling.sendDescription({ type, sdp }, to);
    });
    await ours.waitForFunction(() => Object.values(window.decoded()).some((count) => count >= 5));
    expect(await ours.evaluate(() => window.errors)).toEqual([]);
  });

  test("an answer nobody asked for is ignored; nonsense is an error of that peer, and the call goes on", async () => {
    const { server, join } = await setUp();
    const [ada, bob] = [await join(), await join()];
    await seeEachOther([ada, bob]);
    const eve = await server.connect();
    await eve.join("demo");
    for (const page of [ada, bob]) {
      await page.evaluate(() => {
        window.faulty = [];
        window.mesh.addEventListener("error", ({ peer }) => window.faulty.push(peer?.id));
      });
    }
    await eve.request("answer", { type: "answer", sdp: "v=0\r\n" });
    await eve.request("candidate", { candidate: "candidate:nonsense" });
    await eve.offer("nonsense");
    for (const page of [ada, bob]) {
      await page.waitForFunction(() => window.faulty.length > 0);
      // What came before the offer was no fault; it would stand before this one.
      expect(await page.evaluate(() => window.faulty)).toEqual([eve.id]);
    }
    eve.socket.disconnect();
    await ada.waitForFunction(() => window.mesh.peers.length === 1);
    await ada.evaluate(() => window.errors.splice(0));
    await bob.evaluate(() => window.errors.splice(0));
    await seeEachOther([ada, bob, await join()]);
  });

  test.each(["comes last", "is there first"])(
    "one with nothing to send, who %s, sees all the same",
    async (when) => {
      const { join } = await setUp();
      const watcher = await join("elsewhere");
      const joinWatcher = () =>
        watcher.evaluate(async () => {
          await window.mesh.leave();
          window.watch(new window.client.Mesh(window.signaling));
          await window.mesh.join("demo");
        });
      if (when === "is there first") await joinWatcher();
      const ada = await join();
      if (when === "comes last") await joinWatcher();
      await watcher.waitForFunction(() =>
        Object.values(window.decoded()).some((count) => count >= 5),
      );
      for (const page of [ada, watcher]) {
        expect(await page.evaluate(() => window.errors)).toEqual([]);
      }
    },
  );
});
