/** The page, the client and health, mounted in whatever serves HTTP. */

import { createServer, type Server } from "node:http";
import express from "express";
import express4 from "express4";
import { describe, expect, onTestFinished, test } from "vitest";
import { attachSignaling, type Signaling } from "../../../src/index.ts";
import { listen } from "../../support/application.ts";

const PATH = "/calls/socket.io";

/** Makes a server, and lets signaling be attached to it. */
type Application = (attach: (server: Server) => Signaling) => Server;

const APPLICATIONS: [string, Application][] = [
  ["Express 4", (attach) => withExpress(express4(), attach)],
  ["Express 5", (attach) => withExpress(express(), attach)],
];

/** With the router below `/calls`, and a page of its own at `/`. */
function withExpress(app: express.Express, attach: Parameters<Application>[0]): Server {
  const server = createServer(app);
  app.get("/", (_request, response) => void response.send("own"));
  app.use("/calls", attach(server).router);
  return server;
}

const start = (application: Application) =>
  listen(
    application((server) => {
      const signaling = attachSignaling(server, { path: PATH, logLevel: "silent" });
      onTestFinished(() => signaling.close());
      return signaling;
    }),
  );

describe.each(APPLICATIONS)("in %s", (_name, application) => {
  test("the page is told the path, and asks for what is beside it", async () => {
    const url = await start(application);
    const page = await fetch(`${url}/calls/`);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    const html = await page.text();
    expect(html).toContain(`<meta name="signaling-path" content="${PATH}">`);
    const files = [...html.matchAll(/<(?:script|link)[^>]* (?:src|href)="([^":]+)"/g)];
    expect(files).toHaveLength(2);
    for (const [, file = ""] of [...files, ["", "client.js"], ["", "health"]]) {
      expect((await fetch(new URL(file, page.url))).status, file).toBe(200);
    }
  });

  test("the folder without its slash leads to the page, with what it was asked", async () => {
    const url = await start(application);
    for (const query of ["", "?room=a%20b"]) {
      const response = await fetch(`${url}/calls${query}`);
      expect(response.url).toBe(`${url}/calls/${query}`);
      expect(response.status).toBe(200);
    }
  });

  test("everything else is the application's, as it was", async () => {
    const url = await start(application);
    const own = await fetch(url);
    expect(await own.text()).toBe("own");
    expect(own.headers.get("content-security-policy")).toBeNull();
    for (const path of ["/calls/nothing", "/client.js", "/calls/index.html", "/calls/../health"]) {
      const response = await fetch(url + path);
      expect(response.status, path).toBe(404);
      expect(await response.text()).toContain("Cannot GET");
    }
  });
});

test("node:http is enough", async () => {
  const url = await start((attach) => {
    const server = createServer((request, response) =>
      signaling.router(request, response, () => response.writeHead(404).end()),
    );
    const signaling = attach(server);
    return server;
  });
  expect((await fetch(url)).status).toBe(200);
  expect((await fetch(`${url}/nothing`)).status).toBe(404);
});

test("left out, nothing of it is served", async () => {
  const url = await start((attach) => {
    const server = createServer(express());
    attach(server);
    return server;
  });
  for (const path of ["/", "/calls/", "/health"])
    expect((await fetch(url + path)).status).toBe(404);
});
