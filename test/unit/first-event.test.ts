/** What goes with CONNECT: a join or a resume, word by word. */

import type { Socket } from "socket.io";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { SignalingClient } from "../../src/client/index.ts";
import { heardOf, joined, record, resumed, startScripted } from "../support/scripted-server.ts";

const offer = { type: "offer", sdp: "a" } as const;
const refused = (code: string) => ({ ok: false, error: { code, message: "no" } });
/** As a lost network does. */
const cut = (socket: Socket) => socket.conn.close(true);
/** What a join comes to: the id in the room, or the code of the error. */
const outcome = (joining: ReturnType<SignalingClient["join"]>) =>
  joining.then(
    ({ self }) => self.id,
    ({ code, message }) => code ?? message,
  );
const ada = (id: string) => ({ self: { id, name: "" } });

/** A client that has begun to join; its CONNECT is there, and not answered in full. */
async function begin(script: Awaited<ReturnType<typeof startScripted>>, options = {}) {
  const client = script.create();
  const told = record(client);
  const joining = outcome(client.join("demo", { name: "Ada", ...options }));
  await script.next("connection");
  const { socket, args, reply } = await script.next("join");
  return { client, told, joining, socket, args, reply };
}

// Clients come back at a random time. Here it is at once.
beforeAll(() => {
  vi.spyOn(Math, "random").mockReturnValue(0);
});
afterAll(() => {
  vi.restoreAllMocks();
});

describe("a join that waits for a connection", () => {
  test("goes with CONNECT; until it is answered there is no connection", async () => {
    const script = await startScripted();
    const { client, told, joining, socket, args, reply } = await begin(script);
    expect(args).toEqual([{ room: "demo", name: "Ada", candidateLists: true, resume: true }]);
    expect(Object.keys(socket.handshake.auth)).toEqual(["join"]);
    await vi.waitFor(() => expect(client["socket"].connected).toBe(true));
    expect([client.connected, told]).toEqual([false, []]);
    await expect(client.sendDescription(offer)).rejects.toMatchObject({ code: "disconnected" });
    socket.emit("room_users", []);
    reply(joined());
    // What comes in the same breath builds on it.
    socket.emit("user_joined", { id: "bob", name: "" });
    expect(await joining).toBe("ada");
    await vi.waitFor(() => expect(told).toEqual(["connect", "join ada", "peerjoin bob"]));
    expect([client.connected, client.id, script.heard]).toEqual([true, "ada", []]);
    // Both counts have begun.
    void client.sendDescription(offer).catch(() => {});
    await script.next("offer");
    cut(socket);
    await script.next("connection");
    const back = await script.next("resume");
    expect(back.args).toEqual([{ ticket: "first", received: 1 }]);
    expect(Object.keys(back.socket.handshake.auth)).toEqual(["resume"]);
    back.reply(resumed(1));
    await heardOf(client, "resume");
    expect(told.slice(3)).toEqual(["disconnect", "resume"]);
  });

  test("is refused, or answered without sense: then there is a connection without a seat", async () => {
    for (const [answer, code] of [
      [refused("room_full"), "room_full"],
      [{ ok: true, self: 1 }, "internal"],
      [undefined, "internal"],
    ] as const) {
      const script = await startScripted();
      const { client, told, joining, reply } = await begin(script);
      reply(answer);
      expect(await joining).toBe(code);
      expect([client.connected, told]).toEqual([true, ["connect"]]);
      const again = outcome(client.join("other"));
      (await script.next("join")).reply(joined());
      expect(await again).toBe("ada");
    }
  });

  test("an answer that nobody has asked for is nothing", async () => {
    const { next, join } = await startScripted();
    const { client, socket, told } = await join();
    for (const event of ["join_result", "resume_result"]) socket.emit(event, resumed(null));
    const again = outcome(client.join("demo"));
    (await next("join")).reply(joined());
    await again;
    expect(told).toEqual(["join ada"]);
  });

  test("an old server: it is an event after 2 s", async () => {
    const script = await startScripted({ isOld: true });
    const client = script.create();
    const told = record(client);
    const joining = outcome(client.join("demo"));
    await script.next("connection");
    const start = performance.now();
    await script.next("leave");
    (await script.next("join")).reply(joined());
    expect(await joining).toBe("ada");
    const tookMs = performance.now() - start;
    expect(tookMs).toBeGreaterThan(1_900);
    expect(tookMs).toBeLessThan(2_500);
    expect(told).toEqual(["connect", "join ada"]);
  });

  test("a slow server: the late answer is taken back, and the counts are those of the second", async () => {
    const script = await startScripted();
    const { client, told, joining, socket, reply } = await begin(script);
    await script.next("leave");
    const second = await script.next("join");
    socket.emit("room_users", []);
    reply(joined(ada("late")));
    socket.emit("user_joined", { id: "bob", name: "" });
    await heardOf(client, "peerjoin");
    expect([told, client.id]).toEqual([["connect", "peerjoin bob"], client["socket"].id]);
    socket.emit("room_users", []);
    second.reply(joined({ ...ada("eve"), resume: { ticket: "own", graceMs: 30_000 } }));
    expect(await joining).toBe("eve");
    const sent = client.sendDescription(offer);
    await script.next("offer");
    cut(socket);
    await script.next("connection");
    const back = await script.next("resume");
    expect(back.args).toEqual([{ ticket: "own", received: 0 }]);
    back.reply(resumed(1, { users: [{ id: "bob", name: "" }] }));
    expect(await sent).toEqual({ delivered: 1 });
    expect(told.slice(2)).toEqual(["join eve", "disconnect", "resume bob"]);
  });

  test("a slow server that refuses the second: nobody is in the room", async () => {
    const script = await startScripted();
    const { client, joining, reply } = await begin(script);
    await script.next("leave");
    const second = await script.next("join");
    reply(joined(ada("late")));
    second.reply(refused("rate_limited"));
    expect(await joining).toBe("rate_limited");
    expect(client.id).toBe(client["socket"].id);
  });

  test("that is aborted before CONNECT isn't sent; one that is aborted later is undone", async () => {
    const script = await startScripted();
    const client = script.create();
    const early = outcome(client.join("demo", { signal: AbortSignal.abort(new Error("early")) }));
    const { socket } = await script.next("connection");
    expect([await early, Object.keys(socket.handshake.auth)]).toEqual(["early", []]);

    const gone = new AbortController();
    const late = await begin(script, { signal: gone.signal });
    gone.abort(new Error("late"));
    expect(await late.joining).toBe("late");
    late.reply(joined());
    (await script.next("leave")).reply({ ok: true });
    await vi.waitFor(() => expect(late.client.id).toBe(late.client["socket"].id));

    const never = new AbortController();
    const slow = await begin(script, { signal: never.signal });
    never.abort(new Error("never"));
    expect(await slow.joining).toBe("never");
    await script.next("leave");
    slow.reply(joined(ada("late")));
    await vi.waitFor(() => expect(slow.client.connected).toBe(true));
    expect(script.heard).toEqual([]);
  });

  test("a second one is sent behind it, and only that counts", async () => {
    const script = await startScripted();
    const { client, told, joining, socket, reply } = await begin(script);
    const other = outcome(client.join("other"));
    reply(joined());
    const second = await script.next("join");
    expect([second.socket, second.args]).toMatchObject([socket, [{ room: "other" }]]);
    second.reply(joined(ada("eve")));
    expect(await Promise.all([joining, other])).toEqual(["ada", "eve"]);
    expect(told).toEqual(["connect", "join eve"]);
  });

  test("an aborted one isn't left when another follows", async () => {
    const script = await startScripted();
    const gone = new AbortController();
    const { client, told, reply } = await begin(script, { signal: gone.signal });
    gone.abort(new Error("gone"));
    const other = outcome(client.join("other"));
    reply(joined());
    (await script.next("join")).reply(joined(ada("eve")));
    expect(await other).toBe("eve");
    expect([told, script.heard]).toEqual([["connect", "join eve"], []]);
  });

  test("whose connection is lost before the answer waits for the next one", async () => {
    const script = await startScripted();
    const { client, told, joining, socket } = await begin(script);
    await vi.waitFor(() => expect(client["socket"].connected).toBe(true));
    cut(socket);
    await script.next("connection");
    const { args, reply } = await script.next("join");
    expect(args).toMatchObject([{ room: "demo", name: "Ada" }]);
    reply(joined());
    expect([await joining, told]).toEqual(["ada", ["connect", "join ada"]]);
  });

  test("ends with the client, whose listeners may close it, leave or join again", async () => {
    const script = await startScripted();
    const closed = await begin(script);
    await vi.waitFor(() => expect(closed.client["socket"].connected).toBe(true));
    closed.client.close();
    closed.reply(joined());
    expect([await closed.joining, closed.client.id]).toEqual(["disconnected", undefined]);

    const closes = await begin(script);
    closes.client.addEventListener("connect", () => closes.client.close());
    closes.reply(joined());
    expect([await closes.joining, closes.client.id]).toEqual(["disconnected", undefined]);
    expect(closes.told).toEqual(["connect", "disconnect for good"]);

    const leaves = await begin(script);
    leaves.client.addEventListener("connect", () => void leaves.client.leave());
    leaves.reply(joined());
    (await script.next("leave")).reply({ ok: true });
    await leaves.joining;
    await vi.waitFor(() => expect(leaves.client.id).toBe(leaves.client["socket"].id));

    const joins = await begin(script);
    joins.client.addEventListener("connect", () => void joins.client.join("other"));
    joins.reply(joined());
    (await script.next("join")).reply(joined(ada("eve")));
    await vi.waitFor(() => expect(joins.told).toEqual(["connect", "join eve"]));

    // By the time that this one is late, the first would be as well.
    await begin(script);
    await script.next("leave");
    expect(closed.told).toEqual(["disconnect for good"]);
  });
});

describe("with a token", () => {
  test("each connection asks for one, and a join that comes meanwhile goes with it", async () => {
    const script = await startScripted();
    let count = 0;
    let give = (_token: string) => {};
    const token = () => {
      count++;
      return new Promise<string>((resolve) => {
        give = resolve;
      });
    };
    const client = script.create({ token });
    await vi.waitFor(() => expect(count).toBe(1));
    const joining = outcome(client.join("demo"));
    give("one");
    await script.next("connection");
    const { socket, reply } = await script.next("join");
    expect(socket.handshake.auth).toMatchObject({ token: "one", join: { room: "demo" } });
    reply(joined());
    await joining;
    cut(socket);
    await vi.waitFor(() => expect(count).toBe(2));
    give("two");
    await script.next("connection");
    const back = await script.next("resume");
    expect(back.socket.handshake.auth).toMatchObject({ token: "two", resume: { received: 0 } });
  });

  test("who is refused hears it; the next join asks anew and goes along", async () => {
    const script = await startScripted();
    let isOpen = false;
    script.io.use((_socket, next) => {
      const error = Object.assign(new Error("no"), { data: { code: "unauthorized" } });
      next(isOpen ? undefined : error);
    });
    const client = script.create({ token: () => "x" });
    expect(await outcome(client.join("demo"))).toBe("unauthorized");
    isOpen = true;
    const again = outcome(client.join("demo"));
    await script.next("connection");
    (await script.next("join")).reply(joined());
    expect(await again).toBe("ada");
  });
});

describe("a resume", () => {
  test("an old server: it is an event after 2 s", async () => {
    const script = await startScripted({ isOld: true });
    const client = script.create();
    await script.next("connection");
    await vi.waitFor(() => expect(client.connected).toBe(true));
    const joining = client.join("demo");
    const { socket, reply } = await script.next("join");
    reply(joined());
    await joining;
    const told = record(client);
    cut(socket);
    await script.next("connection");
    const { args, reply: grant } = await script.next("resume");
    expect(args).toEqual([{ ticket: "first", received: 0 }]);
    grant(resumed(0));
    await heardOf(client, "resume");
    expect(told).toEqual(["disconnect", "resume"]);
  });

  test("a slow server: of two answers the first counts", async () => {
    const { next, join, heard } = await startScripted();
    const { client, socket, told } = await join();
    const sent = client.sendDescription(offer, "bob");
    await next("offer");
    cut(socket);
    await next("connection");
    const [early, late] = [await next("resume"), await next("resume")];
    expect(client.connected).toBe(false);
    early.reply(resumed(0));
    early.socket.emit("user_exit", { id: "bob" });
    late.reply(refused("bad_request"));
    (await next("offer")).reply({ ok: true, delivered: 1 });
    expect(await sent).toMatchObject({ delivered: 1 });
    expect(told).toEqual(["disconnect", "resume", "peerleave bob"]);
    cut(late.socket);
    await next("connection");
    // The ticket and the count are those of the first answer.
    expect((await next("resume")).args).toEqual([{ ticket: "second", received: 1 }]);
    expect(heard).toEqual([]);
  });
});
