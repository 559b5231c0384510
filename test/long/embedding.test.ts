/** The README's application with calls in it, installed and run as somebody else's program. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BrowserContextOptions } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { lacksBrowser, launchBrowser } from "../support/browser.ts";
import { TestClient } from "../support/client.ts";
import { codeBlocks } from "../support/examples.ts";
import { installPackages } from "../support/packages.ts";
import { Person } from "../support/person.ts";
import { TestProcess } from "../support/server.ts";

const RECIPE = codeBlocks("README.md", "js").find((code) => code.includes("attachSignaling")) ?? "";

/** Whatever port it wants, it gets a free one, and says which. */
const ANY_PORT = `
import { Server } from "node:net";
const { listen } = Server.prototype;
Server.prototype.listen = function (port, ...rest) {
  this.once("listening", () => console.log("port", this.address().port));
  return listen.call(this, 0, ...rest);
};
`;
/** What the recipe leaves to the application: its login, and its chat. And a way to close signaling. */
const REST = `
app.get("/login/:user", ({ session, params }, response) => {
  session.user = params.user;
  response.redirect("/calls/");
});
chat.on("connection", (socket) => socket.on("say", (text, reply) => reply(text)));
app.post("/close", async (_request, response) => {
  await signaling.close();
  response.send("closed");
});
`;

describe.skipIf(lacksBrowser())("the README's application", { timeout: 120_000 }, () => {
  let folder: string;
  beforeAll(() => {
    folder = installPackages(["express@5", "express-session@1", "socket.io@4"]).server;
    writeFileSync(join(folder, "any-port.mjs"), ANY_PORT);
    writeFileSync(join(folder, "app.mjs"), RECIPE + REST);
  }, 120_000);

  /** The session of somebody who has logged in. */
  async function logIn(url: string, user: string): Promise<BrowserContextOptions> {
    const { headers } = await fetch(`${url}/login/${user}`, { redirect: "manual" });
    const [, name = "", value = ""] = headers.get("set-cookie")?.match(/^([^=]+)=([^;]+)/) ?? [];
    const cookie = { name, value, domain: "localhost", path: "/", expires: -1 };
    const rest = { httpOnly: true, secure: false, sameSite: "Lax" } as const;
    return { storageState: { cookies: [{ ...cookie, ...rest }], origins: [] } };
  }

  test("two with a session call each other, one without is refused, the chat goes on", async () => {
    const app = new TestProcess(["--import", "./any-port.mjs", "app.mjs"], {}, folder);
    const [, port] = await app.printed(/port (\d+)/);
    const url = `http://localhost:${port}`;
    const chat = await TestClient.connect(url);
    const say = async (text: string) =>
      expect(await chat.socket.emitWithAck("say", text)).toBe(text);
    await say("before");

    const browser = await launchBrowser();
    const calls = `${url}/calls`;
    const ada = await Person.inCall(browser, calls, { name: "Ada", ...(await logIn(url, "ada")) });
    const bob = await Person.inCall(browser, calls, { name: "Bob", ...(await logIn(url, "bob")) });
    await Promise.all([ada.sees(1), bob.sees(1)]);
    const eve = await Person.open(browser, calls, { name: "Eve", room: "demo" });
    const reason = "You were not let in: log in first.";
    await eve.page.getByRole("alert").filter({ hasText: reason }).waitFor();
    await say("during the call");
    await Promise.all([ada.seesMotion(), bob.seesMotion()]);

    const closing = await fetch(`${url}/close`, { method: "POST" });
    expect(await closing.text()).toBe("closed");
    await ada.hears("out of reach");
    await say("after");
    expect((await fetch(`${calls}/`)).status).toBe(200);
    expect(app.hasEnded).toBe(false);
  });

  test("has at most 15 lines", () => {
    const lines = RECIPE.split("\n").filter((line) => line.trim());
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThanOrEqual(15);
  });
});
