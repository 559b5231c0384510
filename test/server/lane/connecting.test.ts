/** Before a connection has its socket, beside other namespaces, and while it changes from polling to a WebSocket. */

import { describe, expect, test } from "vitest";
import { startServer } from "../../support/server.ts";
import { openWebSocket } from "./line.ts";
import { allOf, gather, heardOffer, offer, WAYS } from "./peers.ts";

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
    const { socket, send, closed } = await connectBare(server.url);
    send(frames);
    await closed;
    expect(socket.filter((packet) => packet.startsWith("43"))).toEqual([]);
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
      await expect.poll(() => bare.socket).toContain("3probe");
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
});

/** A WebSocket without CONNECT. */
async function connectBare(url: string, query = "") {
  const socket: string[] = [];
  const line = await openWebSocket(url, query, (packet) => socket.push(packet));
  return { socket, send: (frames: string[]) => void line.write(frames), closed: line.closed };
}
