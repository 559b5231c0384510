/** Both sides count what is sent, and the server keeps what may be missed, on the lane as well. */

import { describe, expect, test } from "vitest";
import { startServer, type TestServer, UNLIMITED } from "../../support/server.ts";
import { FIN, frame, OPCODE } from "../../support/wire.ts";
import { allOf, delivered, gather, heardOffer, offer, WAYS } from "./peers.ts";
import type { Player } from "./player.ts";

const QUIET = { PING_INTERVAL_MS: "300000", PING_TIMEOUT_MS: "300000" };
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

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
