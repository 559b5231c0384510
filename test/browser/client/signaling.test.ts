/** The client's connection to the server by itself, without a browser. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SignalingClient, SignalingError } from "../../../src/client/index.ts";
import { startServer, type TestServer } from "../../support/server.ts";
import { mint, SECRET, secondsFromNow } from "../../support/tokens.ts";

/** The next event of this type. */
function heard<Type extends Parameters<SignalingClient["addEventListener"]>[0]>(
  client: SignalingClient,
  type: Type,
): Promise<unknown> {
  return new Promise((resolve) => client.addEventListener(type, resolve, { once: true }));
}

describe("SignalingClient", () => {
  let server: TestServer;
  let clients: SignalingClient[];
  const create = (options = {}) => {
    const client = new SignalingClient(server.url, options);
    clients.push(client);
    return client;
  };

  beforeEach(async () => {
    clients = [];
    server = await startServer({ MAX_PEERS_PER_ROOM: "2" });
  });
  afterEach(() => {
    for (const client of clients) client.close();
  });

  test("join resolves with who is there; the others hear of it", async () => {
    const [ada, bob] = [create(), create()];
    expect(await ada.join("demo", { name: "Ada" })).toMatchObject({ users: [] });
    const joined = heard(ada, "peerjoin");
    const { self, users } = await bob.join("demo", { name: "Bob" });
    expect(users).toEqual([{ id: ada.id, name: "Ada" }]);
    expect(self).toEqual({ id: bob.id, name: "Bob" });
    expect(await joined).toMatchObject({ type: "peerjoin", peer: { id: bob.id, name: "Bob" } });
  });

  test("what is sent arrives as an event, addressed or not", async () => {
    const [ada, bob] = [create(), create()];
    await ada.join("demo");
    await bob.join("demo");
    const description = { type: "offer", sdp: "x" } as const;
    const described = heard(ada, "description");
    expect(await bob.sendDescription(description, ada.id)).toMatchObject({ delivered: 1 });
    expect(await described).toMatchObject({ description, from: bob.id });
    const trickled = heard(bob, "candidate");
    ada.sendCandidates([null]);
    expect(await trickled).toMatchObject({ candidate: null, from: ada.id });
    const together = heard(bob, "candidate");
    ada.sendCandidates([{ candidate: "a" }, null], bob.id);
    expect(await together).toMatchObject({ candidate: { candidate: "a" }, from: ada.id });
    const exit = heard(ada, "peerleave");
    const { id } = bob;
    await bob.leave();
    expect(await exit).toMatchObject({ id });
  });

  test("a refusal rejects with the server's code and message", async () => {
    const [ada, bob, cyd] = [create(), create(), create()];
    await ada.join("demo");
    await bob.join("demo");
    await expect(cyd.join("demo")).rejects.toMatchObject({
      name: "SignalingError",
      code: "room_full",
      message: "the room is full",
    });
    await expect(cyd.join("not a room")).rejects.toMatchObject({ code: "bad_request" });
    const description = { type: "offer", sdp: "x" } as const;
    await expect(cyd.sendDescription(description)).rejects.toMatchObject({ code: "not_in_room" });
    await expect(ada.sendDescription(description, "nobody")).rejects.toMatchObject({
      code: "peer_not_found",
    });
    await expect(ada.sendCandidates([null], "nobody")).rejects.toMatchObject({
      name: "SignalingError",
      code: "peer_not_found",
    });
  });

  test("without a connection, join waits, sending fails, and leave has nothing to do", async () => {
    const { port } = new URL(server.url);
    await server.close();
    const ada = create();
    const join = ada.join("demo");
    await expect(ada.renewIceServers()).rejects.toBeInstanceOf(SignalingError);
    await expect(ada.renewIceServers()).rejects.toMatchObject({ code: "disconnected" });
    await expect(ada.sendCandidates([null])).rejects.toThrow("no connection to the signaling");
    await ada.leave();
    await startServer({ PORT: port });
    expect(await join).toMatchObject({ users: [] });
  });

  test("a server that offers WebSocket alone is reached all the same", async () => {
    server = await startServer({ TRANSPORTS: "websocket" });
    const ada = create();
    expect(await ada.join("demo")).toMatchObject({ users: [] });
  });

  test("a join that waits for a connection can be given up", async () => {
    await server.close();
    const ada = create();
    const given = new AbortController();
    const join = ada.join("demo", { signal: given.signal });
    given.abort(new Error("changed my mind"));
    await expect(join).rejects.toThrow("changed my mind");
    await expect(ada.join("demo", { signal: AbortSignal.abort() })).rejects.toThrow();
    const closed = ada.join("demo");
    ada.close();
    await expect(closed).rejects.toMatchObject({ code: "disconnected" });
    await expect(ada.join("demo")).rejects.toMatchObject({ code: "disconnected" });
  });

  test("a join given up under way gives up the seat as well", async () => {
    const [ada, bob] = [create(), create()];
    await heard(ada, "connect");
    await bob.join("demo");
    const exit = heard(bob, "peerleave");
    const given = new AbortController();
    const join = ada.join("demo", { signal: given.signal });
    const joined = heard(ada, "join");
    // Emitted by now, and not answered yet.
    await Promise.resolve();
    given.abort();
    await expect(join).rejects.toThrow();
    await joined;
    await exit;
    expect([...server.maps.socketToRoom.keys()]).toEqual([bob.id]);
  });

  test("a lost connection comes back by itself, with another id", async () => {
    const ada = create();
    await heard(ada, "connect");
    const { id } = ada;
    const lost = heard(ada, "disconnect");
    const { port } = new URL(server.url);
    await server.close();
    expect(await lost).toMatchObject({ willReconnect: true });
    expect(ada.connected).toBe(false);
    const back = heard(ada, "connect");
    await startServer({ PORT: port });
    await back;
    expect(ada.id).not.toBe(id);
  });

  test("without a seat that waits, a request under way when the connection is lost rejects", async () => {
    const ada = create({ resume: false });
    await ada.join("demo");
    // The server has the request, and never answers.
    const received = new Promise<void>((resolve) => {
      const route = () => new Promise(() => resolve());
      Object.assign(server.rooms, { route });
    });
    const sent = ada.sendDescription({ type: "offer", sdp: "x" });
    await received;
    const lost = expect(sent).rejects.toMatchObject({ code: "disconnected" });
    for (const socket of server.io.sockets.sockets.values()) socket.conn.close();
    await lost;
  });

  test("requests that are answered leave no listener behind", async () => {
    const ada = create();
    await ada.join("demo");
    const listeners = () => ada["socket"].listeners("disconnect").length;
    const before = listeners();
    for (let round = 0; round < 5; round++) await ada.renewIceServers();
    expect(listeners()).toBe(before);
  });

  test("one whom the server sends away stays away, and is told", async () => {
    const ada = create();
    await ada.join("demo");
    const lost = heard(ada, "disconnect");
    server.io.disconnectSockets();
    expect(await lost).toMatchObject({ willReconnect: false });
    expect(await ada.join("demo")).toMatchObject({ users: [] });
  });

  test("a connection that is turned down is a refusal with the server's code", async () => {
    server.io.use((_socket, next) => {
      next(Object.assign(new Error("no token"), { data: { code: "forbidden" } }));
    });
    const ada = create();
    const refused = heard(ada, "refuse");
    await expect(ada.join("demo")).rejects.toMatchObject({
      code: "forbidden",
      message: "no token",
    });
    expect(await refused).toMatchObject({ error: { code: "forbidden" } });
  });

  test("who is removed hears why before the connection ends, and doesn't come back", async () => {
    const ada = create();
    const { self } = await ada.join("demo");
    const told: unknown[] = [];
    ada.addEventListener("error", ({ event, error }) => told.push(event, error.code));
    const disconnected = heard(ada, "disconnect");
    await server.disconnect(self.id);
    expect(await disconnected).toMatchObject({ willReconnect: false });
    expect(told).toEqual(["disconnect", "removed"]);
    // It may come back when somebody wants to.
    await ada.join("demo");
  });

  test("an access token is asked for at each connection, and refreshed in between", async () => {
    const { port } = new URL(server.url);
    await server.close();
    server = await startServer({ AUTH_SECRET: SECRET, PORT: port });
    let asked = 0;
    const ada = create({
      token: () => {
        asked++;
        return mint({ sub: "ada", name: "Ada", room: "demo", exp: secondsFromNow(60) });
      },
    });
    expect(await ada.join("demo")).toMatchObject({ self: { name: "Ada" } });
    await expect(ada.join("other")).rejects.toMatchObject({ code: "forbidden" });
    await ada.refreshToken(await mint({ sub: "ada", room: "*", exp: secondsFromNow(120) }));
    await ada.join("other");
    await expect(ada.refreshToken("nonsense")).rejects.toMatchObject({ code: "unauthorized" });

    const back = heard(ada, "connect");
    await server.close();
    server = await startServer({ AUTH_SECRET: SECRET, PORT: port });
    await back;
    expect(asked).toBeGreaterThan(1);
  });

  test("without a good token the connection is refused", async () => {
    server = await startServer({ AUTH_SECRET: SECRET });
    for (const options of [{}, { token: "nonsense" }]) {
      const ada = create(options);
      await expect(ada.join("demo")).rejects.toMatchObject({ code: "unauthorized" });
      // Asked again, it tries again; the answer is the same.
      await expect(ada.join("demo")).rejects.toMatchObject({ code: "unauthorized" });
    }
  });

  test("a token that can't be had now is asked for again, and nobody hears of a connection", async () => {
    server = await startServer({ AUTH_SECRET: SECRET });
    let asked = 0;
    const ada = create({
      token: () => (++asked < 3 ? Promise.reject(new Error("no network")) : mint()),
    });
    const heardOf: string[] = [];
    for (const type of ["connect", "disconnect", "refuse"] as const) {
      ada.addEventListener(type, () => heardOf.push(type));
    }
    expect(await ada.join("demo")).toMatchObject({ users: [] });
    expect(asked).toBe(3);
    expect(heardOf).toEqual(["connect"]);
  });
});
