/** Calls in a real browser through the built client: pages of an application's own, not of the server. */

import type { Browser, BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import type * as client from "../../src/client/index.ts";
import { servePage } from "./browser.ts";

declare global {
  /** What the page below offers to a test. */
  interface Window {
    client: typeof client;
    mesh: client.Mesh;
    /** Takes a mesh for the page's own: shows its pictures and keeps its errors. */
    watch: (mesh: client.Mesh) => void;
    signaling: client.SignalingClient;
    camera: MediaStream;
    errors: string[];
    /** What the mesh has been through since the page was opened. */
    states: client.MeshState[];
    collisions: number;
    /** Ids of the peers with whom something went wrong, where a test asks for them. */
    faulty: (string | undefined)[];
    /** What a test waits for. */
    gone: Promise<unknown>;
    /** Decoded frames by the peer's id. */
    decoded: () => Record<string, number>;
    /** The longest time between two frames of the others' cameras, in milliseconds, since it was asked before. */
    largestGap: () => number;
    /** RTCPeerConnections made so far that are not closed. */
    openConnections: () => number;
    /** Those that were made so far; kept, so that none is collected. */
    madeConnections: () => number;
    /** Listeners added to window, navigator.connection and the signaling client, less those removed. */
    listeners: () => number;
  }
}

/** A page that takes a camera and has the client ready; `join` does the rest. */
const page = (server: string, options: client.SignalingOptions) => `<!doctype html>
<title>A call</title>
<script>
  window.errors = [];
  window.states = [];
  const connections = [];
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...args) { super(...args); connections.push(this); }
  };
  window.openConnections = () => connections.filter((c) => c.signalingState !== "closed").length;

  window.madeConnections = () => connections.length;

  let count = 0;
  const add = EventTarget.prototype.addEventListener;
  const watched = (target) =>
    target === window || target === navigator.connection || target === window.signaling;
  EventTarget.prototype.addEventListener = function (type, listener, options) {
    if (watched(this ?? window)) {
      count++;
      options?.signal?.aborted || (options?.signal && add.call(options.signal, "abort", () => count--));
    }
    return add.call(this ?? window, type, listener, options);
  };
  window.listeners = () => count;
</script>
<script type="module">
  import * as client from "${server}/client.js";
  window.client = client;
  // Small: five people are 20 encoders and 20 decoders.
  const video = { width: 160, height: 90 };
  // Raw: cancelling echoes costs more than all the pictures.
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  window.camera = await navigator.mediaDevices.getUserMedia({ audio, video });
  window.signaling = new client.SignalingClient("${server}", ${JSON.stringify(options)});
  const videos = new Map();
  window.decoded = () => Object.fromEntries(
    [...videos].map(([id, video]) => [id, video.getVideoPlaybackQuality().totalVideoFrames]),
  );
  let gap = 0;
  window.largestGap = () => { const before = gap; gap = 0; return before; };
  const clock = (video, last) => video.requestVideoFrameCallback((now) => {
    if (last) gap = Math.max(gap, now - last);
    clock(video, now);
  });
  window.watch = (mesh) => {
    window.mesh = mesh;
    mesh.addEventListener("track", ({ peer, streams: [stream] }) => {
      const video = videos.get(peer.id) ?? document.body.appendChild(document.createElement("video"));
      // The first stream is the camera; what is added later is not looked at here.
      if (video.srcObject && video.srcObject.id !== stream.id) return;
      // The same one may be announced again, as another object.
      if (video.srcObject !== stream) Object.assign(video, { srcObject: stream, autoplay: true, muted: true });
      if (!videos.has(peer.id)) clock(video);
      videos.set(peer.id, video);
    });
    mesh.addEventListener("peerleave", ({ peer }) => {
      videos.get(peer.id)?.remove();
      videos.delete(peer.id);
    });
    mesh.addEventListener("statechange", ({ state }) => window.states.push(state));
    mesh.addEventListener("error", ({ error }) => window.errors.push(String(error)));
  };
  window.watch(new client.Mesh(window.signaling, { streams: [window.camera], channels: { chat: {} } }));
  window.ready = true;
</script>`;

/** Opens pages that can call each other through the server at `server`. */
export async function createCaller(
  browser: Browser,
  server: string,
  options: client.SignalingOptions = {},
) {
  const url = await servePage(page(server, options));
  const open = async (): Promise<Page> => {
    const context: BrowserContext = await browser.newContext({
      permissions: ["camera", "microphone"],
    });
    const tab = await context.newPage();
    await tab.goto(url);
    await tab.waitForFunction("window.ready");
    return tab;
  };
  return {
    /** The page's own address, for another browser. */
    url,
    open,
    /** Opens a page and joins. */
    async join(room = "demo", name = ""): Promise<Page> {
      const tab = await open();
      await tab.evaluate(
        ([room, name]) => window.mesh.join(room ?? "", { name: name ?? "" }),
        [room, name],
      );
      return tab;
    },
  };
}

/** Resolves when each page has decoded five more frames of every other one, and nothing went wrong. */
export async function seeEachOther(pages: readonly Page[]): Promise<void> {
  await Promise.all(pages.map((page) => seesOthers(page, pages.length - 1)));
}

async function seesOthers(page: Page, others: number): Promise<void> {
  // Those of before say nothing: a picture that stands still has many.
  const before = await page.evaluate(() => window.decoded());
  await page.waitForFunction(
    ([others, before]) => {
      const frames = Object.entries(window.decoded());
      const areNew = frames.map(([id, count]) => {
        const since = count - (before[id] ?? 0);
        // A video that was given another stream counts from 0 again.
        return (since < 0 ? count : since) >= 5;
      });
      return frames.length === others && areNew.every(Boolean);
    },
    [others, before] as const,
    { timeout: 60_000 },
  );
  expect(await page.evaluate(() => window.errors)).toEqual([]);
}
