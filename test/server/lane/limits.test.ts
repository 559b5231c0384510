/** Allowances, queues and outboxes: what goes by the lane is counted like everything else. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { readOurs } from "../../support/admin.ts";
import { startServer, type TestServer, UNLIMITED } from "../../support/server.ts";
import { FIN, frame, OPCODE } from "../../support/wire.ts";
import { allOf, delivered, gather, heardOffer, offer, WAYS } from "./peers.ts";
import type { Player } from "./player.ts";

const QUIET = { PING_INTERVAL_MS: "300000", PING_TIMEOUT_MS: "300000" };
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
const large = (n: number) => `${n} ${"x".repeat(90_000)}`;
/** Of acknowledgements: the id, and the code or the number of receivers. */
const codesOf = (packets: readonly string[]) =>
  packets.map((packet) => {
    const [, id, code, count] = /^43(\d+)\[.*"(?:code":"(\w+)|delivered":(\d+))/.exec(packet) ?? [];
    return `${id} ${code ?? count}`;
  });

describe.each(WAYS)("%s, an allowance of 30", (_, lane) => {
  const ENV = { EVENTS_PER_SECOND: "1", EVENT_BURST: "30", MAX_CONNECTIONS_PER_ADDRESS: "0" };
  // The clock of the allowances stands still.
  beforeEach(() => void vi.spyOn(performance, "now").mockReturnValue(1e6));
  afterEach(() => void vi.restoreAllMocks());

  test("[T1] counts each frame of a segment, and lets none over it pass", async () => {
    const server = await startServer(ENV, { lane });
    // Joining costs 10, and the question whether everything has come, 1.
    const [ada, bob] = await gather(server, {}, {});
    await ada.line?.write(numbers(25).map((n) => offer(n, n)));
    await expect.poll(() => ada.heard.length).toBe(25);
    // A refusal may overtake what is still to be handled.
    const codes = codesOf(ada.heard).sort(
      (a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10),
    );
    expect(codes).toEqual(numbers(25).map((n) => (n < 19 ? `${n} 1` : `${n} rate_limited`)));
    expect(await allOf(bob)).toEqual(numbers(19).map((n) => heardOffer(n, ada)));
  });

  test.each([
    [
      "a description by its size",
      [offer("é".repeat(8_192), 1), offer("x", 2)],
      ["1 1", "2 1"],
      5 + 1,
    ],
    ["an escaped description by what it says", [offer("\\u0041".repeat(4_095), 1)], ["1 1"], 1],
    ["a list by its candidates", [`421["candidates",[${Array(9).fill("null")}]]`], ["1 1"], 9],
    [
      "what is refused, too",
      ['421["candidates",[1,2,3]]', '422["offer",7]'],
      ["1 bad_request", "2 bad_request"],
      4,
    ],
    [
      "a list over the limit",
      [`421["candidates",[${Array(40).fill("null")}]]`],
      ["1 rate_limited"],
      0,
    ],
  ])("[T1] %s", async (_what, frames, codes, cost) => {
    const server = await startServer(ENV, { lane });
    const [ada] = await gather(server, {}, {});
    for (const text of frames) await ada.line?.write([text]);
    await expect.poll(() => ada.heard.length).toBe(frames.length);
    expect(codesOf(ada.heard)).toEqual(codes);
    ada.heard.length = 0;
    const left = 19 - cost;
    await ada.line?.write(numbers(left + 1).map((n) => `42${n}["candidate",null]`));
    await expect.poll(() => ada.heard.length).toBe(left + 1);
    expect(codesOf(ada.heard).filter((code) => code.endsWith("rate_limited"))).toEqual([
      `${left} rate_limited`,
    ]);
  });

  test("[T2] a flood in one segment is cut off, and reaches the others only as far as allowed", async () => {
    const server = await startServer({ ...ENV, ADMIN_PORT: "0" }, { lane });
    const [ada, bob] = await gather(server, {}, {});
    await ada.line?.write(numbers(300).map((n) => offer(n)));
    await ada.over();
    const heard = await allOf(bob);
    expect(heard.at(-1)).toBe(`42["user_exit",{"id":"${ada.id}"}]`);
    // What is under way when a connection is cut off may be lost.
    expect(heard.length - 1).toBeLessThanOrEqual(19);
    expect(heard.slice(0, -1)).toEqual(numbers(heard.length - 1).map((n) => heardOffer(n, ada)));
    expect(await readOurs(server.adminUrl)).toMatchObject({ 'cut_offs_total{reason="flood"}': 1 });
  });
});

describe.each(WAYS)("%s, a client that doesn't read", (_, lane) => {
  /** Stops to read, and is sent offers until the server has to queue what it is sent. */
  async function block(player: Player, by: Player): Promise<number> {
    player.line?.pause();
    const { conn } = player.seat ?? {};
    for (let count = 0; ; count++) {
      if (conn && !conn.transport.writable) return count;
      await by.send([offer(large(count))], "at once");
    }
  }

  test.each([
    ["bytes", { MAX_QUEUED_BYTES: "500000", MAX_QUEUED_MESSAGES: "0" }, () => offer(large(0)), 20],
    ["messages", { MAX_QUEUED_BYTES: "0", MAX_QUEUED_MESSAGES: "50" }, () => offer("x"), 120],
  ])("[T3] is cut off when too many %s wait for it", async (_what, limits, next, most) => {
    const server = await startServer(
      { ...UNLIMITED, ...QUIET, ...limits, ADMIN_PORT: "0" },
      { lane },
    );
    const [ada, bob] = await gather(server, {}, {});
    await block(bob, ada);
    let sent = 0;
    for (; bob.seat?.connected && sent < most; sent++) await ada.send([next()], "at once");
    expect(bob.seat?.connected).toBe(false);
    expect(sent).toBeGreaterThan(3);
    expect(await allOf(ada)).toContainEqual(`42["user_exit",{"id":"${bob.id}"}]`);
    expect(await readOurs(server.adminUrl)).toMatchObject({
      'cut_offs_total{reason="slow"}': 1,
      peers: 1,
    });
  });

  test("[T3] is cut off when too many acknowledgements wait for it", async () => {
    const limits = { MAX_QUEUED_BYTES: "0", MAX_QUEUED_MESSAGES: "50" };
    const server = await startServer({ ...UNLIMITED, ...QUIET, ...limits }, { lane });
    const [ada, bob] = await gather(server, {}, {});
    await block(bob, ada);
    for (let n = 0; n < 200; n++) await bob.line?.write([`42${n}["candidate",null]`]);
    await expect.poll(() => bob.seat?.connected).toBe(false);
    await bob.seat?.data.idle;
    // What arrived before was handled.
    const heard = await allOf(ada);
    expect(heard.filter((packet) => packet.includes("getCandidate")).length).toBeGreaterThan(40);
    expect(heard.at(-1)).toBe(`42["user_exit",{"id":"${bob.id}"}]`);
  });

  test("gets everything in order when it reads again, whatever way it went", async () => {
    const server = await startServer({ ...UNLIMITED, ...QUIET }, { lane });
    const metadata = { room: "r", metadata: 1 };
    const [ada, bob] = await gather(server, { join: metadata }, { join: metadata });
    const count = await block(bob, ada);
    for (const n of numbers(20)) {
      await ada.send([offer(n), `42["set_metadata",{"metadata":${n}}]`], "at once");
      await bob.line?.write([`42${n}["candidate",null]`, `42${n}["nothing"]`]);
    }
    bob.line?.goOn();
    const heard = await allOf(bob);
    const isTold = (packet: string) => packet.startsWith("42");
    expect(heard.filter(isTold)).toEqual([
      ...numbers(count).map((n) => heardOffer(large(n), ada)),
      ...numbers(20).flatMap((n) => [
        heardOffer(n, ada),
        `42["user_metadata",{"id":"${ada.id}","metadata":${n}}]`,
      ]),
    ]);
    const answers = heard.filter((packet) => !isTold(packet)).map((packet) => packet.slice(0, 14));
    expect(answers).toEqual(
      numbers(20).flatMap((n) =>
        [`43${n}[{"ok":true`, `43${n}[{"ok":fals`].map((a) => a.slice(0, 14)),
      ),
    );
  });
});

describe.each(WAYS)("%s, a peer that can resume", (_, lane) => {
  const start = (env = {}) => startServer({ ...UNLIMITED, ...QUIET, ...env }, { lane });
  const withTicket = { join: { room: "r", resume: true } };

  test("[S4] gets what was written to a connection that was closing already", async () => {
    const server = await start();
    const [ada, bob] = await gather(server, {}, withTicket);
    // The server answers, and waits for the end of the connection, which doesn't come.
    bob.line?.pause();
    await closeHalf(bob, server);
    for (const n of numbers(5)) await ada.send([offer(n, n)], "at once");
    bob.line?.goOn();
    await bob.lose(0);
    await bob.appear();
    const missed = (await allOf(bob)).filter((packet) => packet.includes("getOffer"));
    expect(missed).toEqual(numbers(5).map((n) => heardOffer(n, ada)));
    expect((await allOf(ada)).filter((packet) => packet.startsWith("43"))).toEqual(
      numbers(5).map((n) => delivered(n, 1)),
    );
  });

  test("[S5] loses what is over the limits of its outbox", async () => {
    const server = await start({ RESUME_MAX_MESSAGES: "3" });
    const [ada, bob] = await gather(server, {}, withTicket);
    await ada.send(
      numbers(5).map((n) => offer(n)),
      "at once",
    );
    expect((await allOf(bob)).length).toBe(5);
    await bob.lose(4);
    await bob.appear();
    expect(bob.heard.at(-1)).toContain('"received":null');
    await ada.send(
      numbers(5).map((n) => offer(n)),
      "at once",
    );
    expect((await allOf(bob)).filter((packet) => packet.includes("getOffer")).length).toBe(10);
    await bob.lose(3);
    bob.heard.length = 0;
    await bob.appear();
    const again = (await allOf(bob)).filter((packet) => packet.includes("getOffer"));
    expect(again).toEqual([2, 3, 4].map((n) => heardOffer(n, ada)));
  });

  test("[S4] counts what it has sent, in one segment or not, refused or not", async () => {
    const server = await start();
    const [, bob] = await gather(server, {}, withTicket);
    await bob.send(
      [offer(1), '42["offer",5]', '42["leave?"]', `42 ${offer(2).slice(2)}`],
      "at once",
    );
    await bob.send(['42["candidates",[]]', '42["candidate",null]', offer(3, 1)], "cut");
    await bob.lose(0);
    await bob.appear();
    expect(bob.heard.at(-1)).toContain('"received":6}');
  });

  test("[S6] shows by an offer that it has its new ticket", async () => {
    const server = await start();
    const [, bob, eve] = await gather(server, {}, withTicket, { join: "outside" });
    const first = bob.ticket;
    await bob.lose(0);
    await bob.appear();
    expect(bob.ticket).not.toBe(first);
    await bob.line?.write([offer("x", 5)]);
    await expect.poll(() => bob.heard).toContainEqual(delivered(5, 1));
    await eve.line?.write([`421["resume",{"ticket":"${first}","received":0}]`]);
    await expect.poll(() => eve.heard.join()).toContain("resume_failed");
  });

  test("[S7] isn't heard any more on a connection that was taken over", async () => {
    const server = await start();
    const [ada, bob, eve] = await gather(server, {}, withTicket, { join: "outside" });
    await bob.line?.write([offer("before")]);
    await expect.poll(() => ada.heard.length).toBe(1);
    await eve.line?.write([
      `421["resume",{"ticket":"${bob.ticket}","received":0}]`,
      offer("after"),
    ]);
    await expect.poll(() => eve.heard.length).toBeGreaterThan(0);
    expect(eve.heard[0]).toContain('"received":1}');
    await bob.line?.write([offer("too late")]);
    await bob.over();
    await expect.poll(() => ada.heard.length).toBe(2);
    expect(await allOf(ada)).toEqual([heardOffer("before", bob), heardOffer("after", bob)]);
  });
});

/** Sends the frame that closes a WebSocket; resolves when the server has it. */
async function closeHalf({ line, seat }: Player, server: TestServer): Promise<void> {
  await line?.writeBytes(frame(FIN | OPCODE.close, ""));
  const webSocket: { readyState: number } = Reflect.get(seat?.conn.transport ?? {}, "socket");
  await expect.poll(() => webSocket.readyState).toBeGreaterThan(1);
  expect(server.io.engine.clientsCount).toBe(2);
}
