/** A page of another origin than the server's, whose application decides by cookies. */

import { expect, test } from "vitest";
import { startWith } from "../../support/application.ts";
import { lacksBrowser, launchBrowser, servePage } from "../../support/browser.ts";

declare global {
  interface Window {
    /** What comes of connecting. */
    connect: (withCredentials?: boolean) => Promise<string>;
  }
}

test.skipIf(lacksBrowser())("cookies go along only with withCredentials", async () => {
  let server = "";
  const origin = await servePage(
    () => `<!doctype html><script type="module">
    import { SignalingClient } from "${server}/client.js";
    window.connect = (withCredentials) => new Promise((resolve) => {
      // A WebSocket takes cookies along in any case.
      const options = { transports: ["polling"], ...(withCredentials && { withCredentials }) };
      const signaling = new SignalingClient("${server}", options);
      signaling.addEventListener("connect", () => resolve("connected"));
      signaling.addEventListener("refuse", ({ error }) => resolve(error.message));
    });
  </script>`,
  );
  const { url } = await startWith({
    corsOrigins: [origin],
    authorize: ({ headers }) =>
      headers.cookie?.includes("user=ada")
        ? { subject: "ada", rooms: [] }
        : { refusal: "no cookie" },
  });
  server = url.replace("127.0.0.1", "localhost");
  const context = await (await launchBrowser()).newContext();
  await context.addCookies([{ name: "user", value: "ada", url: server }]);
  const page = await context.newPage();
  await page.goto(origin);
  await page.waitForFunction("window.connect");
  expect(await page.evaluate(() => window.connect())).toBe("no cookie");
  expect(await page.evaluate(() => window.connect(true))).toBe("connected");
});
