/** Access tokens: who may connect, where to, until when. */

import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, expect, test } from "vitest";
import { TestClient } from "../../support/client.ts";
import { openPolling } from "../../support/polling.ts";
import { RawClient } from "../../support/raw.ts";
import { startServer, TestProcess, type TestServer } from "../../support/server.ts";
import { mint, SECRET, secondsFromNow } from "../../support/tokens.ts";

const AUTH_SECRET = SECRET;
const ed25519 = generateKeyPairSync("ed25519");
const p256 = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 });

const pem = (key: KeyObject) => String(key.export({ format: "pem", type: "spki" }));
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const connect = async (server: TestServer, token?: unknown) =>
  server.connect({ auth: { ...(token !== undefined && { token }) } });

/** Why a connection with this token is refused: the `data.code` and the message. */
async function refusal(server: TestServer, auth: Record<string, unknown>) {
  const client = new TestClient(server.url, { auth });
  const error = await client.connect().then(
    () => undefined,
    (error: Error & { data?: { code: string } }) => error,
  );
  return { code: error?.data?.code, message: error?.message };
}

/** A good token, taken apart and put together otherwise. */
async function tampered(change: (header: object, claims: object, signature: string) => string) {
  const [header = "", claims = "", signature = ""] = (await mint()).split(".");
  const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
  return change(read(header), read(claims), signature);
}

/** What is wrong with each, and what the refusal says of it. */
const BAD: [string, () => unknown, RegExp][] = [
  ["no token", () => undefined, /requires a token/],
  ["an empty one", () => "", /not valid/],
  ["a number", () => 7, /must be a string/],
  ["null", () => null, /must be a string/],
  ["a list with a good one", async () => [await mint()], /must be a string/],
  ["a word", () => "token", /not valid/],
  ["10,000 characters", () => "x".repeat(10_000), /over 8192 bytes/],
  [
    "alg none, without a signature",
    () => tampered((_, claims) => `${base64({ alg: "none" })}.${base64(claims)}.`),
    /not valid/,
  ],
  [
    "alg none, with the signature",
    () => tampered((_, claims, mac) => `${base64({ alg: "none" })}.${base64(claims)}.${mac}`),
    /not valid/,
  ],
  [
    "other claims under the old signature",
    () =>
      tampered((head, claims, mac) => `${base64(head)}.${base64({ ...claims, sub: "x" })}.${mac}`),
    /not valid/,
  ],
  [
    "no signature",
    () => tampered((head, claims) => `${base64(head)}.${base64(claims)}.`),
    /not valid/,
  ],
  [
    "another secret",
    () => mint({}, Buffer.from("another secret, as long as the one")),
    /not valid/,
  ],
  [
    "another algorithm of the secret",
    () => mint({}, Buffer.alloc(64, SECRET), "HS512"),
    /not valid/,
  ],
  ["a signature of a key pair", () => mint({}, ed25519.privateKey, "EdDSA"), /not valid/],
  ["expired", () => mint({ exp: secondsFromNow(-60) }), /has expired/],
  ["not yet valid", () => mint({ nbf: secondsFromNow(60) }), /not valid yet/],
  ["without exp", () => mint({ exp: undefined }), /exp/],
  ["without sub", () => mint({ sub: undefined }), /sub/],
  ["without room", () => mint({ room: undefined }), /room/],
  ["exp as a string", () => mint({ exp: "never" }), /exp/],
  ["an empty sub", () => mint({ sub: "" }), /sub/],
  ["a number for room", () => mint({ room: 7 }), /room/],
  ["a list of numbers for room", () => mint({ room: [7] }), /room/],
  ["a name with a line break", () => mint({ name: "Ada\r\nBob" }), /name/],
  ["a name that turns text around", () => mint({ name: "\u202eadA" }), /claim name: .*direction/],
  ["an invisible name", () => mint({ name: "\u200b" }), /claim name: .*invisible/],
  ["a name of 65 characters", () => mint({ name: "x".repeat(65) }), /name/],
];

describe("tokens", () => {
  test.each(BAD)("[A1] %s is refused", async (_what, make, reason) => {
    const server = await startServer({ AUTH_SECRET });
    const bystander = await connect(server, await mint());
    const token = await make();
    expect(await refusal(server, token === undefined ? {} : { token })).toEqual({
      code: "unauthorized",
      message: expect.stringMatching(reason),
    });
    expect(await bystander.join("demo")).toMatchObject({ ok: true });
    expect(server.io.sockets.sockets.size).toBe(1);
  });

  test("[A1] who is refused can send nothing, whatever it sends", async () => {
    const server = await startServer({ AUTH_SECRET });
    const ada = await connect(server, await mint());
    await ada.join("demo");
    const raw = await RawClient.connect(server.url, { namespace: false });
    raw.send('40{"token":"forged"}');
    await raw.frame(/^44\{.*unauthorized/);
    const closed = raw.closed();
    raw.send('42["join",{"room":"demo"}]');
    await closed;
    await ada.settled();
    expect(ada.all("user_joined")).toEqual([]);
  });

  test.each(["websocket", "polling"] as const)(
    "[A1] by %s, who is refused hears why, then the connection ends, and doesn't come back",
    async (transport) => {
      const server = await startServer({ AUTH_SECRET });
      const ada = new TestClient(server.url, {
        auth: { token: "forged" },
        transports: [transport],
        reconnection: true,
        reconnectionDelay: 1,
      });
      await expect(ada.connect()).rejects.toMatchObject({ data: { code: "unauthorized" } });
      await server.untilConnections(0);
      expect(ada.socket.active).toBe(false);
      // With a good token it may try again, and the same client gets in.
      ada.socket.auth = { token: await mint() };
      await ada.connect();
      expect(await ada.join("demo")).toMatchObject({ ok: true });
    },
  );

  test("[A1] one refusal ends a connection: it can't go on to guess", async () => {
    const server = await startServer({ AUTH_SECRET });
    const raw = await RawClient.connect(server.url, { namespace: false });
    const closed = raw.closed();
    raw.send('40{"token":"forged"}');
    await raw.frame(/^44/);
    raw.send('40{"token":"forged again"}');
    await closed;
    expect(raw.frames.filter((frame) => frame.startsWith("44"))).toHaveLength(1);
  });

  test("[A1] by polling, one refusal ends a connection, once it was heard", async () => {
    const server = await startServer({ AUTH_SECRET });
    const { poll, post } = await openPolling(server.url);
    await post('40{"token":"forged"}');
    expect(await (await poll()).text()).toMatch(/^44\{.*unauthorized/);
    // The close packet of Engine.IO.
    expect(await (await poll()).text()).toMatch(/1$/);
    await server.untilConnections(0);
  });

  test.each([
    ["CONNECT", "40"],
    ["CONNECT with a blank for its type", "4 "],
  ])("[T1] %s takes as much as a join: forged tokens at once are few", async (_what, type) => {
    const server = await startServer({ AUTH_SECRET, EVENT_BURST: "50", LOG_LEVEL: "debug" });
    const raw = await RawClient.connect(server.url, { namespace: false });
    const closed = raw.closed();
    const token = `${await mint()}x`;
    for (let n = 0; n < 100; n++) raw.send(`${type}{"token":"${token}"}`);
    await closed;
    // Checked behind the others.
    await refusal(server, { token });
    const checked = server.log.filter((line) => line.includes("refused a connection"));
    expect(checked.length).toBeLessThanOrEqual(11);
  });

  test("[A1] the public key as a secret opens nothing (key confusion)", async () => {
    for (const { publicKey } of [ed25519, p256, rsa]) {
      const server = await startServer({ AUTH_PUBLIC_KEY: pem(publicKey) });
      for (const secret of [pem(publicKey), pem(publicKey).trim()]) {
        const token = await mint({}, Buffer.from(secret));
        expect(await refusal(server, { token })).toMatchObject({ code: "unauthorized" });
      }
    }
  });

  test.each([
    ["EdDSA", ed25519],
    ["ES256", p256],
    ["RS256", rsa],
  ])("[A1] with a public key, %s and no other algorithm gets in", async (algorithm, pair) => {
    const server = await startServer({ AUTH_PUBLIC_KEY: pem(pair.publicKey) });
    const ada = await connect(server, await mint({}, pair.privateKey, algorithm));
    expect(await ada.join("demo")).toMatchObject({ ok: true });
    const others = [
      await mint(),
      await mint({}, generateKeyPairSync("ed25519").privateKey, "EdDSA"),
      await mint({}, rsa.privateKey, "RS512"),
      await mint({}, rsa.privateKey, "PS256"),
    ];
    for (const token of others) {
      expect(await refusal(server, { token })).toMatchObject({ code: "unauthorized" });
    }
  });

  test("[A1] with AUTH_AUDIENCE, a token for somebody else's server is refused", async () => {
    const server = await startServer({ AUTH_SECRET, AUTH_AUDIENCE: "calls" });
    for (const aud of [undefined, "other", ["other"]]) {
      const message = expect.stringContaining("aud");
      expect(await refusal(server, { token: await mint({ aud }) })).toMatchObject({ message });
    }
    await connect(server, await mint({ aud: "calls" }));
    await connect(server, await mint({ aud: ["other", "calls"] }));
  });

  test.each([
    ["demo", ["demo"], ["demo2", "dem", "*", "DEMO"]],
    ["team-*", ["team-", "team-1"], ["team", "xteam-1", "demo"]],
    ["*", ["demo", "team-1", "__proto__"], []],
    [["demo", "team-*"], ["demo", "team-1"], ["other"]],
    [[], [], ["demo"]],
    ["", [], ["demo"]],
    ["de*mo", [], ["demo", "de.mo"]],
  ])("[A2] a token for %j covers %j, not %j", async (room, covered, uncovered) => {
    const server = await startServer({ AUTH_SECRET });
    const ada = await connect(server, await mint({ room }));
    for (const name of uncovered) {
      const ack = await ada.join(name);
      const code = name === "*" ? "bad_request" : "forbidden";
      expect(ack, name).toMatchObject({ ok: false, error: { code } });
    }
    expect(server.maps.socketToRoom.size).toBe(0);
    for (const name of covered) expect(await ada.join(name), name).toMatchObject({ ok: true });
  });

  test("[A2] who is forbidden a room stays in its own", async () => {
    const server = await startServer({ AUTH_SECRET });
    const [ada, bob] = [
      await connect(server, await mint({ room: "demo" })),
      await connect(server, await mint()),
    ];
    await ada.join("demo");
    await bob.join("demo");
    expect(await ada.join("other")).toMatchObject({ error: { code: "forbidden" } });
    await bob.settled();
    expect(bob.all("user_exit")).toEqual([]);
    expect(await ada.offer("still here")).toEqual({ ok: true, delivered: 1 });
  });

  test("[A3] the name in a token wins; without one the join's counts", async () => {
    const server = await startServer({ AUTH_SECRET });
    const ada = await connect(server, await mint({ name: " Ada " }));
    expect(await ada.join("demo", "Eve")).toMatchObject({ self: { name: "Ada" } });
    expect(await ada.join("demo")).toMatchObject({ self: { name: "Ada" } });
    const bob = await connect(server, await mint());
    expect(await bob.join("demo", "Bob")).toMatchObject({ self: { name: "Bob" } });
  });

  test("[A4] a fresh token of the same bearer takes the place of the old one", async () => {
    const server = await startServer({ AUTH_SECRET });
    const ada = await connect(server, await mint({ room: "one", name: "Ada" }));
    await ada.join("one");
    const token = await mint({ room: ["one", "two"], name: "Augusta" });
    expect(await ada.request("refresh_token", token)).toEqual({ ok: true });
    expect(await ada.join("two")).toMatchObject({ ok: true, self: { name: "Augusta" } });
  });

  test("[A4] any other token is refused, and the old one stays in force", async () => {
    const server = await startServer({ AUTH_SECRET });
    const ada = await connect(server, await mint({ room: "one" }));
    await ada.join("one");
    for (const [token, code] of [
      [await mint({ sub: "eve" }), "forbidden"],
      [await mint({ room: "two" }), "forbidden"],
      [await mint({ exp: secondsFromNow(-60) }), "unauthorized"],
      [await mint({}, Buffer.alloc(32)), "unauthorized"],
      ["forged", "unauthorized"],
      [null, "unauthorized"],
      [{ token: await mint() }, "unauthorized"],
    ]) {
      expect(await ada.request("refresh_token", token)).toMatchObject({ error: { code } });
    }
    expect(await ada.request("refresh_token")).toMatchObject({ error: { code: "unauthorized" } });
    expect(await ada.join("two")).toMatchObject({ error: { code: "forbidden" } });
    expect(await ada.join("one")).toMatchObject({ ok: true });
  });

  test("[A5] a token that runs out ends its connection within 30 s, and the room is told", async () => {
    // Time passes for the server alone, when all are in.
    let passedMs = 0;
    const server = await startServer({ AUTH_SECRET }, { now: () => Date.now() + passedMs });
    const soon = { exp: secondsFromNow(60) };
    const [ada, bob, cyd] = [
      await connect(server, await mint(soon)),
      await connect(server, await mint(soon)),
      await connect(server, await mint()),
    ];
    for (const client of [ada, bob, cyd]) await client.join("demo");
    expect(await bob.request("refresh_token", await mint())).toEqual({ ok: true });
    const { id } = ada;
    const reason = new Promise((resolve) => ada.socket.once("disconnect", resolve));
    const start = performance.now();
    passedMs = 70_000;
    expect(await ada.next("signal_error")).toEqual([
      { event: "refresh_token", code: "unauthorized", message: expect.stringContaining("expired") },
    ]);
    // socket.io-client doesn't come back by itself after this one.
    expect(await reason).toBe("io server disconnect");
    expect(performance.now() - start).toBeLessThan(30_000);
    expect(await cyd.next("user_exit")).toEqual([{ id }]);
    expect(await bob.offer("still here")).toEqual({ ok: true, delivered: 1 });
    expect(server.io.sockets.sockets.size).toBe(2);
  });

  test("[A6] where no tokens are asked for, any will do", async () => {
    const server = await startServer();
    const ada = await connect(server, "whatever");
    expect(await ada.join("demo")).toMatchObject({ ok: true });
    expect(await ada.request("refresh_token", "another")).toEqual({ ok: true });
  });

  test("[T2] CONNECT costs as much as a join, since its token is checked", async () => {
    // The second allowance is of 40.
    const { url } = await startServer({ EVENTS_PER_SECOND: "1", EVENT_BURST: "20" });
    const [ada, eve] = [await RawClient.connect(url), await RawClient.connect(url)];
    for (let n = 0; n < 25; n++) ada.send('42["nonsense"]');
    ada.send('427["settled?"]');
    await ada.frame(/^437/);
    const closed = eve.closed();
    for (let n = 0; n < 37; n++) eve.send('42["nonsense"]');
    await closed;
    expect(ada.ws.readyState).toBe(ada.ws.OPEN);
  });

  test("no token, secret or claim is ever logged", async () => {
    let passedMs = 0;
    const env = { AUTH_SECRET, LOG_LEVEL: "trace" };
    const server = await startServer(env, { now: () => Date.now() + passedMs });
    const token = await mint({ sub: "canary-sub", name: "canary-name", exp: secondsFromNow(60) });
    const ada = await connect(server, token);
    await refusal(server, { token: "canary-token" });
    await ada.request("refresh_token", "canary-token");
    passedMs = 70_000;
    await ada.disconnected();
    expect(server.log.join("")).toContain("its access has expired");
    expect(server.log.join("")).not.toMatch(/canary|eyJ|secret for tests/);
  });

  test("npm run token creates one that the server accepts", async () => {
    const server = await startServer({ AUTH_SECRET, AUTH_AUDIENCE: "calls" });
    const run = (...args: string[]) =>
      new TestProcess(["dist/cli/token.js", ...args], {
        AUTH_SECRET,
        AUTH_AUDIENCE: "calls",
      });
    const minting = run("--room", "demo", "--room", "team-*", "--name", "Ada", "--ttl", "1h");
    expect(await minting.ended(), minting.output).toBe(0);
    const ada = await connect(server, minting.output.trim());
    expect(await ada.join("team-1")).toMatchObject({ ok: true, self: { name: "Ada" } });
    expect(await ada.join("other")).toMatchObject({ error: { code: "forbidden" } });
    for (const args of [[], ["--room", "demo", "--ttl", "soon"], ["--romo", "demo"]]) {
      const refused = run(...args);
      expect(await refused.ended()).toBe(1);
      expect(refused.output).toContain("roomrelay token --room");
    }
  });
});
