/** Signaling on an application's own HTTP server: beside what else is there, and in nobody's way. */

import { once } from "node:events";
import { createServer as createHttps } from "node:https";
import express from "express";
import { Server as ChatServer } from "socket.io";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { attachSignaling, ConfigError } from "../../../src/index.ts";
import { adminUrlOf, ask } from "../../support/admin.ts";
import { attachTo, createApplication, createCertificate } from "../../support/application.ts";
import { TestClient } from "../../support/client.ts";
import { openTcp, upgradeRequest } from "../../support/tcp.ts";

const PATH = "/calls/socket.io";
const TRANSPORTS = [["websocket"], ["polling"], ["polling", "websocket"]];

/** The application's own Socket.IO: it sends back what it gets. */
function addChat(httpServer: ConstructorParameters<typeof ChatServer>[0]): ChatServer {
  const chat = new ChatServer(httpServer);
  chat.on("connection", (socket) => socket.on("chat", (text, reply) => reply(text)));
  onTestFinished(() => chat.disconnectSockets(true));
  return chat;
}

/** Joins and calls over our path. */
async function expectCall(connect: () => Promise<TestClient>): Promise<void> {
  const [ada, bob] = [await connect(), await connect()];
  await ada.join("demo");
  expect(await bob.join("demo")).toMatchObject({ ok: true, users: [{ id: ada.id }] });
  expect(await bob.offer("v=0")).toMatchObject({ delivered: 1 });
  await ada.next("getOffer");
  for (const peer of [ada, bob]) await peer.leave();
}

/** A WebSocket of the application's own, which sends back what it gets. */
async function expectEcho(url: string): Promise<void> {
  const socket = new WebSocket(url.replace("http", "ws"));
  onTestFinished(() => socket.terminate());
  await once(socket, "open");
  socket.send("hello");
  expect(String((await once(socket, "message"))[0])).toBe("hello");
}

describe.each(["before", "after"])("the application's Socket.IO, attached %s ours", (order) => {
  test.each(TRANSPORTS)("goes on by %s, and so does ours", async (...transports) => {
    const httpServer = createApplication(express());
    if (order === "before") addChat(httpServer);
    const signaling = await attachTo(httpServer, { path: PATH });
    if (order === "after") addChat(httpServer);
    const chat = await TestClient.connect(signaling.url, { transports });
    expect(await chat.socket.emitWithAck("chat", "one")).toBe("one");
    await expectCall(() => signaling.connect({ transports }));
    expect(await chat.socket.emitWithAck("chat", "two")).toBe("two");
    if (transports.includes("websocket")) {
      if (chat.socket.io.engine.transport.name === "polling") {
        await once(chat.socket.io.engine as never, "upgrade");
      }
      expect(await chat.socket.emitWithAck("chat", "three")).toBe("three");
    }
  });
});

test("a WebSocketServer of ws, which refuses every other path, lets ours pass", async () => {
  const httpServer = createApplication();
  const echo = new WebSocketServer({ server: httpServer, path: "/echo" });
  echo.on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
  const signaling = await attachTo(httpServer);
  await expectEcho(`${signaling.url}/echo`);
  await expectCall(() => signaling.connect());
});

describe("an upgrade to another path", () => {
  test("ends when nobody else listens, before and after ours is closed", async () => {
    const signaling = await attachTo(createApplication());
    for (let n = 0; n < 2; n++) {
      expect(await (await openTcp(signaling.url, upgradeRequest("/elsewhere"))).ended()).toBe("");
      await signaling.close();
    }
  });

  test.each(["before", "after"])("is left to a listener added %s", async (order) => {
    const httpServer = createApplication();
    const takeOver = () =>
      httpServer.on("upgrade", ({ url }, connection) => {
        // Later than anybody who doesn't leave it alone.
        if (url === "/elsewhere") setImmediate(() => connection.end("taken over"));
      });
    if (order === "before") takeOver();
    const signaling = await attachTo(httpServer);
    if (order === "after") takeOver();
    const answer = await (await openTcp(signaling.url, upgradeRequest("/elsewhere"))).ended();
    expect(answer).toBe("taken over");
    await expectCall(() => signaling.connect());
  });

  test("like ours in its first letters is not ours", async () => {
    const httpServer = createApplication();
    const signaling = await attachTo(httpServer, { path: "/calls" });
    expect(await (await fetch(`${signaling.url}/callsign/?EIO=4&transport=polling`)).text()).toBe(
      "app",
    );
    expect(await (await fetch(`${signaling.url}/calls`)).text()).toBe("app");
    await signaling.connect({ transports: ["polling"] });
  });
});

describe("limits", () => {
  test("of events and connections count ours only", async () => {
    const httpServer = createApplication();
    addChat(httpServer);
    const signaling = await attachTo(httpServer, {
      path: PATH,
      eventsPerSecond: 1,
      eventBurst: 10,
      maxConnections: 1,
    });
    const chats = await Promise.all([1, 2, 3].map(() => TestClient.connect(signaling.url)));
    const [flooder] = chats;
    const flood = Array.from({ length: 2_000 }, (_, n) => flooder?.socket.emitWithAck("chat", n));
    expect(await Promise.all(flood)).toHaveLength(2_000);
    const ada = await signaling.connect();
    await expect(signaling.connect()).rejects.toThrow();
    await ada.join("demo");
    expect(await ada.join("demo")).toMatchObject({ error: { code: "rate_limited" } });
  });

  test("of pipelining: the application's requests are all answered, in their order", async () => {
    let count = 0;
    const httpServer = createApplication((_request, response) => response.end(`answer ${++count}`));
    const signaling = await attachTo(httpServer);
    const get = (path: string, more = "") =>
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;
    const last = get("/last", "Connection: close\r\n");
    const tcp = await openTcp(signaling.url, get("/one").repeat(9) + last);
    const answers = (await tcp.ended()).match(/answer \d+/g);
    expect(answers).toEqual(Array.from({ length: 10 }, (_, n) => `answer ${n + 1}`));
    const polls = get("/socket.io/?EIO=4&transport=polling").repeat(2);
    expect(await (await openTcp(signaling.url, polls)).ended()).toBe("");
  });
});

test("it works on a server with TLS", async () => {
  const signaling = await attachTo(
    createHttps(createCertificate(), (_, response) => void response.end("app")),
  );
  for (const transports of TRANSPORTS) await expectCall(() => signaling.connect({ transports }));
});

describe("close", () => {
  test.each(["websocket", "polling"])(
    "by %s, ours end and know to come back; the application goes on",
    async (transport) => {
      const httpServer = createApplication();
      addChat(httpServer);
      const signaling = await attachTo(httpServer, { path: PATH });
      const chat = await TestClient.connect(signaling.url);
      const ada = await signaling.connect({ transports: [transport] });
      const reason = new Promise((resolve) => ada.socket.once("disconnect", resolve));
      await Promise.all([signaling.close(), signaling.close()]);
      // Of a session that is gone, by polling, the next request is an error. The client returns after both.
      expect(await reason).toMatch(/^transport (close|error)$/);
      expect(await chat.socket.emitWithAck("chat", "on")).toBe("on");
      expect(httpServer.listening).toBe(true);
      const ours = await fetch(`${signaling.url}${PATH}/?EIO=4&transport=polling`);
      expect(await ours.text()).toBe("app");
    },
  );

  test("a connection that breaks off meanwhile doesn't make it fail", async () => {
    const httpServer = createApplication();
    const signaling = await attachTo(httpServer);
    const connections: { emit: (event: "error", error: Error) => boolean }[] = [];
    httpServer.on("upgrade", (_request, connection) => connections.push(connection));
    await signaling.connect();
    const closed = signaling.close();
    for (let n = 0; n < 5; n++) {
      await new Promise((resolve) => setImmediate(resolve));
      for (const connection of connections) connection.emit("error", new Error("ECONNRESET"));
    }
    await closed;
  });

  test("another one can take its place on the same server", async () => {
    const httpServer = createApplication();
    const first = await attachTo(httpServer);
    await first.close();
    const second = attachSignaling(httpServer, { logLevel: "silent" });
    onTestFinished(() => second.close());
    await expectCall(() => TestClient.connect(first.url));
    const ada = await TestClient.connect(first.url);
    await ada.join("demo");
    expect(await second.rooms()).toEqual(["demo"]);
    expect(await first.rooms()).toEqual([]);
  });
});

describe("what is wrong is told at once", () => {
  test("options: unknown ones, and those that are the server's own", () => {
    const wrong = { port: 1, pth: "/x", maxPeersPerRoom: 1, path: "calls/" };
    const attach = () => attachSignaling(createApplication(), wrong);
    expect(attach).toThrow(ConfigError);
    for (const name of Object.keys(wrong))
      expect(attach).toThrow(new RegExp(`^ {2}${name}: `, "m"));
  });

  test("options that exclude each other", () => {
    const attach = () =>
      attachSignaling(createApplication(), {
        authorize: () => ({ refusal: "no" }),
        authSecret: "a secret of more than 32 bytes, this one",
        corsOrigins: ["*"],
      });
    for (const name of ["authSecret", "corsOrigins"]) {
      expect(attach).toThrow(new RegExp(`^ {2}${name}: .*authorize`, "m"));
    }
  });

  test("an Express app in place of the server", () => {
    const attach = () => Reflect.apply(attachSignaling, undefined, [express()]);
    expect(attach).toThrow(/takes the server/);
  });
});

test("the admin listener has a port of its own, and ends with signaling", async () => {
  const signaling = await attachTo(createApplication(), { path: PATH, adminPort: 0 });
  const adminUrl = () => adminUrlOf(signaling);
  await expect.poll(adminUrl).not.toBe("");
  const ada = await signaling.connect();
  await ada.join("demo");
  expect(await ask(adminUrl(), "/rooms")).toMatchObject({ body: { rooms: [{ room: "demo" }] } });
  for (const path of ["/rooms", "/metrics"]) {
    expect(await (await fetch(signaling.url + path)).text()).toBe("app");
  }
  await signaling.close();
  await expect(fetch(adminUrl())).rejects.toThrow();
});
