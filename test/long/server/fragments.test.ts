/** WebSocket messages in pieces: fragments (RFC 6455, 5.4), and the chunks that TCP delivers. */

import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { Bystanders, startMeasured } from "../../support/bystanders.ts";
import { RawClient } from "../../support/raw.ts";
import { startServer } from "../../support/server.ts";
import { openTcp, type Tcp } from "../../support/tcp.ts";
import { FIN, frame, OPCODE, upgradeRequest } from "../../support/wire.ts";

const MB = 1_000_000;
const WEBSOCKET = "/socket.io/?EIO=4&transport=websocket";

async function openWebSocket(url: string): Promise<Tcp> {
  const tcp = await openTcp(url, upgradeRequest(WEBSOCKET));
  tcp.socket.setNoDelay(true);
  while (!tcp.read().includes('"sid"')) await once(tcp.socket, "data");
  return tcp;
}

/** Sends in chunks of this many bytes, each of which the server reads by itself. */
async function sendInChunks({ socket }: Tcp, bytes: Buffer, size: number): Promise<void> {
  for (let start = 0; start < bytes.length && socket.readable; start += size) {
    socket.write(bytes.subarray(start, start + size));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("a message in pieces", () => {
  test.each([
    ["1 byte each", "x"],
    ["empty ones", ""],
  ])("of 65 fragments, %s, ends its connection", async (_name, payload) => {
    const server = await startServer();
    const raw = await RawClient.connect(server.url);
    const closed = raw.closed();
    for (let n = 0; n < 64; n++) raw.ws.send(payload, { fin: false });
    raw.ws.send('0["leave"]');
    expect(await closed).toBe(1008);
  });

  test("of 64 fragments passes, time and again", async () => {
    const server = await startServer();
    const raw = await RawClient.connect(server.url);
    for (let n = 0; n < 5; n++) {
      const join = `42${n}["join",{"room":"${"x".repeat(64)}"}]`;
      for (let at = 0; at < 63; at++) raw.ws.send(join.charAt(at), { fin: false });
      raw.ws.send(join.slice(63));
      expect(await raw.frame(new RegExp(`^43${n}`))).toContain('"ok":');
    }
  });

  test("of 1-byte chunks of one frame ends its connection", async () => {
    const server = await startServer();
    const tcp = await openWebSocket(server.url);
    await sendInChunks(tcp, frame(FIN | OPCODE.text, "4".repeat(20_000)).subarray(0, -1), 1);
    expect(tcp.socket.readable).toBe(false);
  });

  test("of chunks as small as TCP makes them passes", async () => {
    const server = await startServer();
    const tcp = await openWebSocket(server.url);
    const [sdp, name] = ["x".repeat(120_000), "too long to be a name"];
    const whole = frame(FIN | OPCODE.text, `420["join",{"room":"${name}","sdp":"${sdp}"}]`);
    await sendInChunks(tcp, Buffer.concat([frame(FIN | OPCODE.text, "40"), whole]), 536);
    while (!tcp.read().includes("430[")) await once(tcp.socket, "data");
  });

  test("900 MB of 1-byte fragments between pongs cost less than 100 MB", {
    timeout: 60_000,
  }, async () => {
    const server = await startMeasured({ MAX_CONNECTIONS_PER_ADDRESS: "0" });
    const bystanders = await Bystanders.join(server.url);
    const { rss } = await server.measure();
    // What the server reads at a time: one fragment, and pongs up to 64 KiB.
    const piece = Buffer.concat([
      frame(OPCODE.continuation, "x"),
      ...Array(498).fill(frame(FIN | OPCODE.pong, "x".repeat(125))),
    ]);
    let peak = rss;
    for (let sent = 0; sent < 900 * MB; ) {
      const { socket } = await openWebSocket(server.url);
      socket.write(frame(OPCODE.text, "4"));
      const ended = Promise.race([once(socket, "end"), once(socket, "close")]);
      while (sent < 900 * MB && socket.readable && socket.writable) {
        sent += piece.length;
        if (!socket.write(piece)) await Promise.race([once(socket, "drain"), ended]);
      }
      // Without the garbage, of which versions of Node let different amounts wait.
      peak = Math.max(peak, (await server.measure()).rss);
      socket.destroy();
    }
    expect((peak - rss) / MB).toBeLessThan(100);
    await bystanders.areUnharmed(server);
  });
});
