/** Before a connection has its socket, beside other namespaces, and while it changes from polling to a WebSocket. */

import { describe, expect, test } from "vitest";
import type { RoomRegistry } from "../../../src/rooms/registry.ts";
import { readOurs } from "../../support/admin.ts";
import { createRandom } from "../../support/random.ts";
import { startServer } from "../../support/server.ts";
import { SlowRooms } from "../../support/slow-rooms.ts";
import { openWebSocket } from "./line.ts";
import { allOf, delivered, gather, heardOffer, offer, WAYS } from "./peers.ts";

describe.each(WAYS)("%s", (_, lane) => {
  test.each([
    ["an offer before CONNECT", [offer("x", 1)]],
    ["an offer in one segment with CONNECT", ["40", offer("x", 1)]],
    [
      "an offer in one segment with a CONNECT that joins",
      ['40{"join":{"room":"r"}}', offer("x", 1)],
    ],
    ["an offer where only another namespace is connected", ["40/chat,", offer("x", 1)]],
  ])("%s ends the connection, and reaches nobody", async (_what, frames) => {
    const server = await startServer({}, { lane });
    server.io.of("/chat");
    const [bob] = await gather(server, {});
    const { heard, send, closed } = await connectBare(server.url);
    send(frames);
    await closed;
    expect(heard.filter((packet) => packet.startsWith("43"))).toEqual([]);
    expect((await allOf(bob)).filter((packet) => packet.includes("getOffer"))).toEqual([]);
  });

  test("an offer while it isn't decided whether its connection is let in ends that", async () => {
    const server = await startServer({}, { lane });
    const [bob] = await gather(server, {});
    server.io.use(() => {});
    const { send, closed } = await connectBare(server.url);
    send(["40"]);
    send([offer("x", 1)]);
    await closed;
    expect(await allOf(bob)).toEqual([]);
  });

  test("what is for another namespace goes there alone, and ours go on beside it", async () => {
    const server = await startServer({}, { lane });
    const chats: unknown[] = [];
    server.io.of("/chat").on("connection", (socket) => {
      socket.onAny((...args) => chats.push(args));
    });
    const [ada, bob] = await gather(server, {}, {});
    await ada.line?.write(["40/chat,"]);
    await expect.poll(() => ada.heard.length).toBe(1);
    const chat = '42/chat,["offer",{"type":"offer","sdp":"chat"}]';
    await ada.send([offer(1), chat, offer(2), "41/chat,", offer(3)], "at once");
    expect(chats).toEqual([["offer", { type: "offer", sdp: "chat" }]]);
    expect(await allOf(bob)).toEqual([1, 2, 3].map((n) => heardOffer(n, ada)));
  });

  test("a WebSocket that is still being probed carries nothing, and what follows its upgrade does", async () => {
    const server = await startServer({}, { lane });
    const [ada, bob] = await gather(server, { transport: "polling" }, {});
    const sid = Reflect.get(ada.seat?.conn ?? {}, "id");
    const probe = async (frames: string[]) => {
      const bare = await connectBare(server.url, `&sid=${sid}`);
      bare.send(["2probe"]);
      await expect.poll(() => bare.heard).toContain("3probe");
      bare.send(frames);
      return bare;
    };
    await (await probe([offer("too early", 1)])).closed;
    await ada.send([offer("by polling")], "at once");
    await probe(["5", offer("behind the upgrade"), offer("and again", 7)]);
    await expect.poll(() => bob.heard.length).toBe(3);
    const sdps = ["by polling", "behind the upgrade", "and again"];
    expect(await allOf(bob)).toEqual(sdps.map((sdp) => heardOffer(sdp, ada)));
  });

  test("what follows a CONNECT that joins waits for the join, however late the registry answers", async () => {
    const { next } = createRandom(5);
    const wrapRooms = (rooms: RoomRegistry) => new SlowRooms(rooms, next);
    const server = await startServer({}, { lane, wrapRooms });
    const [bob] = await gather(server, {});
    for (let n = 0; n < 10; n++) {
      bob.heard.length = 0;
      const { heard, send } = await connectBare(server.url);
      send(['40{"join":{"room":"r"}}']);
      await expect.poll(() => heard.length, { interval: 1 }).toBeGreaterThan(0);
      send([offer(n, 1), '422["leave"]']);
      await expect.poll(() => heard.join()).toContain("432[");
      const names = heard.map((packet) => packet.replace(/[{,].*/, ""));
      expect(names).toEqual(["40", '42["room_users"', '42["join_result"', "431[", "432["]);
      const told = (await allOf(bob)).map((packet) => packet.replace(/,.*/, ""));
      expect(told).toEqual(['42["user_joined"', '42["getOffer"', '42["user_exit"']);
    }
  });

  test("a socket that follows another one on its connection has the lane too, and is counted once", async () => {
    const server = await startServer({ ADMIN_PORT: "0" }, { lane });
    const [bob] = await gather(server, {});
    const { heard, send } = await connectBare(server.url);
    const join = '421["join",{"room":"r"}]';
    const writers = new Set<unknown>();
    for (let n = 1; n <= 3; n++) {
      send(["40"]);
      await expect.poll(() => heard.length).toBe(1);
      // One around another for each socket would fill the stack one day.
      writers.add([...server.io.sockets.sockets.values()].at(-1)?.conn.write);
      expect(writers.size).toBe(1);
      send([join, offer(n, 2)]);
      await expect.poll(() => heard.length).toBe(4);
      const before = (await readOurs(server.adminUrl))["sent_bytes_total"] ?? 0;
      send([offer("again", 3)]);
      await expect.poll(() => heard.length).toBe(5);
      await expect.poll(() => bob.heard.length).toBe(4 * n - 1);
      const relayed = bob.heard.at(-1) ?? "";
      const after = (await readOurs(server.adminUrl))["sent_bytes_total"];
      // Without the type of Engine.IO's packets.
      expect(after).toBe(before + relayed.length + delivered(3, 1).length - 2);
      expect(heard.slice(3)).toEqual([delivered(2, 1), delivered(3, 1)]);
      send(["41"]);
      await expect.poll(() => bob.heard.length).toBe(4 * n);
      heard.length = 0;
    }
  });
});

/** A WebSocket without CONNECT. */
async function connectBare(url: string, query = "") {
  const heard: string[] = [];
  const line = await openWebSocket(url, query, (packet) => /^0/.test(packet) || heard.push(packet));
  return { heard, send: (frames: string[]) => void line.write(frames), closed: line.closed };
}
