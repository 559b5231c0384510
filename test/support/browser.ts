/** A real Chromium with a fake camera: the machine's own, or the one an npm package brings. */

import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { arch, platform } from "node:os";
import sparticuz from "@sparticuz/chromium";
import { type Browser, chromium } from "playwright-core";
import { onTestFinished } from "vitest";

const INSTALLED = [
  process.env["CHROME_PATH"],
  // Takes half the CPU time of the whole browser, and calls the same way.
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

const FLAGS = [
  "--no-sandbox",
  // Half of the usual frames: every one is encoded, decoded and drawn without a graphics card.
  "--use-fake-device-for-media-stream=fps=10",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Whether to skip a test for want of a browser; says what to install. Under CI there has to be one. */
export function lacksBrowser(): boolean {
  if (findInstalled() || (platform() === "linux" && arch() === "x64")) return false;
  const advice = "no Chromium here: install Chrome or Chromium, or point CHROME_PATH at one";
  if (process.env["CI"]) throw new Error(advice);
  console.warn(`skipped: ${advice}`);
  return true;
}

function findInstalled(): string | undefined {
  return INSTALLED.find((path) => path && existsSync(path));
}

/**
 * Launches the browser, for as long as the caller likes; if told, one that refuses the camera, or one that takes any
 * certificate, also of a TURN server.
 */
export async function startBrowser({ refusing = false, trusting = false } = {}): Promise<Browser> {
  const executablePath = findInstalled() ?? (await sparticuz.executablePath());
  const args = [
    ...FLAGS,
    `--use-fake-ui-for-media-stream${refusing ? "=deny" : ""}`,
    ...(trusting ? ["--ignore-certificate-errors"] : []),
  ];
  return chromium.launch({ executablePath, args });
}

let shared: Promise<Browser> | undefined;

/** The browser of all files that this process runs; it ends with the process. */
export async function sharedBrowser(): Promise<Browser> {
  if (!(await shared)?.isConnected()) shared = startBrowser();
  return shared as Promise<Browser>;
}

/** The shared browser, for a test: what it opens there is closed when it ends. */
export async function launchBrowser(): Promise<Browser> {
  const browser = await sharedBrowser();
  onTestFinished(async () => {
    for (const context of browser.contexts()) await context.close();
  });
  return browser;
}

/** Serves one page on a port of localhost of its own, as an application would; gives its URL. */
export async function servePage(html: string | (() => string)): Promise<string> {
  const server = createServer((_request, response) => {
    const page = typeof html === "string" ? html : html();
    response.setHeader("content-type", "text/html; charset=utf-8").end(page);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (!address || typeof address === "string") throw new Error("not listening on a port");
  return `http://localhost:${address.port}`;
}
