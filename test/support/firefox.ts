/** A real Firefox with a fake camera, where one is installed. */

import { existsSync } from "node:fs";
import puppeteer, { type Browser } from "puppeteer-core";
import { onTestFinished } from "vitest";

const INSTALLED = [
  process.env["FIREFOX_PATH"],
  "/usr/bin/firefox-esr",
  "/usr/bin/firefox",
  "/Applications/Firefox.app/Contents/MacOS/firefox",
  "C:\\Program Files\\Mozilla Firefox\\firefox.exe",
];

const PREFERENCES = {
  "media.navigator.streams.fake": true,
  "media.navigator.permission.disabled": true,
  // Firefox gathers no candidates of this machine's loopback interface by itself.
  "media.peerconnection.ice.loopback": true,
  "media.peerconnection.ice.obfuscate_host_addresses": false,
};

const executablePath = INSTALLED.find((path) => path && existsSync(path));

/** Whether to skip a test for want of Firefox; says what to install. Under CI there has to be one. */
export function lacksFirefox(): boolean {
  if (executablePath) return false;
  const advice = "no Firefox here: apt-get install firefox-esr, or point FIREFOX_PATH at one";
  if (process.env["CI"]) throw new Error(advice);
  console.warn(`skipped: ${advice}`);
  return true;
}

/** Launches Firefox; closed when the test ends. */
export async function launchFirefox(): Promise<Browser> {
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: executablePath ?? "",
    extraPrefsFirefox: PREFERENCES,
  });
  onTestFinished(() => browser.close());
  return browser;
}
