/** The application decides who connects, by its own cookies or headers. */

import type { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import type { Authorize } from "../../../src/index.ts";
import { startWith } from "../../support/application.ts";
import { TestClient } from "../../support/client.ts";
import { RawClient } from "../../support/raw.ts";
import { secondsFromNow } from "../../support/tokens.ts";

/** As an application would look a session up: the cookie is the visitor's name. */
const byCookie: Authorize = async ({ headers: { cookie } }) => {
  const [, user] = cookie?.match(/^user=(\w+)$/) ?? [];
  return user
    ? { subject: user, rooms: [`of-${user}`, "all-*"], name: `${user}!` }
    : { refusal: "log in first" };
};
const as = (user: string) => ({ extraHeaders: { cookie: `user=${user}` } });
const TRANSPORTS = [["websocket"], ["polling"], ["polling", "websocket"]];

describe("authorize", () => {
  test.each(TRANSPORTS)(
    "[A7] by %s, the grant is what a token's would be",
    async (...transports) => {
      const server = await startWith({ authorize: byCookie });
      const ada = await server.connect({ transports, ...as("ada") });
      expect(await ada.join("all-one", "Bob")).toMatchObject({ self: { name: "ada!" } });
      expect(await ada.join("of-ada")).toMatchObject({ ok: true });
      expect(await ada.join("of-bob")).toMatchObject({ error: { code: "forbidden" } });
      expect(await server.peers("of-ada")).toEqual([{ id: ada.id, name: "ada!", subject: "ada" }]);
    },
  );

  test.each(TRANSPORTS)(
    "[A7] by %s, who is refused hears why and is closed",
    async (...transports) => {
      const server = await startWith({ authorize: byCookie });
      const eve = new TestClient(server.url, {
        transports,
        reconnection: true,
        reconnectionDelay: 1,
      });
      const error = { message: "log in first", data: { code: "unauthorized" } };
      await expect(eve.connect()).rejects.toMatchObject(error);
      expect(eve.socket.active).toBe(false);
      // Once there is a session, the same client gets in.
      Object.assign(eve.socket.io.opts, as("eve"));
      await eve.connect();
      expect(await eve.join("all-one")).toMatchObject({ ok: true });
    },
  );

  test("[A7] many CONNECTs in one breath ask once, and end the connection", async () => {
    let asked = 0;
    const server = await startWith({
      authorize: async () => {
        asked++;
        await new Promise((resolve) => setImmediate(resolve));
        return { subject: "eve", rooms: [] };
      },
    });
    const raw = await RawClient.connect(server.url, { namespace: false });
    const closed = raw.closed();
    for (let n = 0; n < 20; n++) raw.send("40");
    await closed;
    expect(asked).toBe(1);
  });

  test("[A7] a second CONNECT on a connection, when its headers are forgotten, gets nowhere", async () => {
    const server = await startWith({ authorize: byCookie });
    const raw = await RawClient.connect(server.url, { headers: { cookie: "user=ada" } });
    raw.send('42["join",{"room":"all-one"}]');
    const left = new Promise((resolve) => server.on("left", resolve));
    raw.send("41");
    await left;
    const closed = raw.closed();
    raw.send("40");
    await raw.frame(/^44\{.*log in first/);
    await closed;
  });

  test.each([
    ["throws", () => raise()],
    ["rejects", async () => raise()],
    ["answers nonsense", () => Object(true)],
  ])("[A7] one that %s refuses, and harms nobody", async (_how, answer: Authorize) => {
    const server = await startWith({
      authorize: (request) => (request.headers.cookie ? byCookie(request) : answer(request)),
    });
    const ada = await server.connect(as("ada"));
    const error = {
      message: expect.stringMatching(/^the server failed/),
      data: { code: "internal" },
    };
    await expect(server.connect()).rejects.toMatchObject(error);
    expect(await ada.join("of-ada")).toMatchObject({ ok: true });
  });

  test("[A7] who goes while the application decides leaves nothing", async () => {
    let [ask, answer] = [() => {}, (_: Awaited<ReturnType<Authorize>>) => {}];
    const asked = new Promise<void>((resolve) => (ask = resolve));
    const decided = new Promise<Awaited<ReturnType<Authorize>>>((resolve) => (answer = resolve));
    const authorize = () => {
      ask();
      return decided;
    };
    const server = await startWith({ authorize });
    const gone = new Promise((resolve) =>
      server.io.engine.once("connection", (connection: EventEmitter) =>
        connection.once("close", resolve),
      ),
    );
    const raw = await RawClient.connect(server.url, { namespace: false });
    raw.send("40");
    await asked;
    raw.ws.close();
    await gone;
    answer({ subject: "eve", rooms: ["*"] });
    const bob = await server.connect();
    expect([...server.io.sockets.sockets.keys()]).toEqual([bob.id]);
  });

  test.each(["websocket", "polling"])(
    "[A8] by %s, at expiresAt the connection closes, and who comes back is asked about again",
    async (transport) => {
      const expiries = [() => secondsFromNow(3), () => undefined];
      const server = await startWith({
        authorize: () => ({ subject: "ada", rooms: ["*"], expiresAt: expiries.shift()?.() }),
      });
      const ada = await server.connect({
        transports: [transport],
        reconnection: true,
        reconnectionDelay: 1,
      });
      await ada.join("demo");
      const { id } = ada;
      const back = new Promise<void>((resolve) => ada.socket.once("connect", resolve));
      await ada.disconnected();
      await back;
      expect(ada.id).not.toBe(id);
      expect(expiries).toEqual([]);
      expect(ada.all("signal_error")).toEqual([]);
    },
  );

  test.each([
    ["http://app.example", true],
    ["http://other.example", false],
  ])("a page of %s may send its cookies: %s", async (origin, may) => {
    const server = await startWith({ authorize: byCookie, corsOrigins: ["http://app.example"] });
    const response = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling`, {
      headers: { origin },
    });
    expect(response.status).toBe(may ? 200 : 403);
    const { headers } = response;
    expect(headers.get("access-control-allow-origin")).toBe(may ? origin : null);
    if (may) expect(headers.get("access-control-allow-credentials")).toBe("true");
  });

  test("without authorize no page may send cookies", async () => {
    const server = await startWith({ corsOrigins: ["http://app.example"] });
    const { headers } = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling`, {
      headers: { origin: "http://app.example" },
    });
    expect(headers.get("access-control-allow-credentials")).toBeNull();
  });
});

function raise(): never {
  throw new Error("the database is away");
}
