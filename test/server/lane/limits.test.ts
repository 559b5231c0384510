/** Allowances, queues and outboxes: what goes by the lane is counted like everything else. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { readOurs } from "../../support/admin.ts";
import { startServer, UNLIMITED } from "../../support/server.ts";
import { allOf, gather, heardOffer, offer, WAYS } from "./peers.ts";
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
  /** Stops to read, and is sent offers until the server has to queue what it is sent; gives how many. */
  async function block(player: Player, by: Player): Promise<number> {
    player.line?.pause();
    // The kernel takes some 6 MB.
    for (let count = 0; count < 400; count++) {
      if (player.seat?.conn.transport.writable === false) return count;
      await by.send([offer(large(count))], "at once");
    }
    throw new Error("nothing is queued");
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
