/** What one address does at its worst, over and over, on as many connections as it is given. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { WebSocket } from "ws";
import { heard, join, open } from "./peer.ts";

interface Target {
  url: string;
  /** The attacker's own address. */
  localAddress: string;
  /** An access token: the attacker may be somebody who is let in. */
  token: string;
  signal: AbortSignal;
}

/** Runs on one connection until the signal; `n` is its number. */
type Attack = (target: Target, n: number) => Promise<void>;

const CRLF = "\r\n";
const post = (body: string) =>
  `POST /socket.io/?EIO=4&transport=polling HTTP/1.1${CRLF}Host: a${CRLF}Content-Length: ${body.length}${CRLF}${CRLF}${body}`;
const UPGRADE = `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1${CRLF}Host: a${CRLF}Connection: Upgrade${CRLF}Upgrade: websocket${CRLF}Sec-WebSocket-Version: 13${CRLF}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==${CRLF}${CRLF}`;
const event = (...args: unknown[]) => `42${JSON.stringify(args)}`;

/** Gives the event loop a turn. */
const turn = () => new Promise((resolve) => setImmediate(resolve));
const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });

/** Opens TCP from the attacker's address; what goes wrong on it is part of the attack. */
async function openTcp({ url, localAddress }: Target): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), localAddress });
  socket.on("error", () => {});
  await Promise.race([once(socket, "connect"), once(socket, "close")]);
  return socket;
}

/** Does `step` again and again; one that fails is begun anew, not too fast. */
async function repeat({ signal }: Target, step: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    try {
      await step();
    } catch {
      await pause(50, signal);
    }
  }
}

/** Sends frames as fast as they go out, until the connection ends. */
async function flood(ws: WebSocket, signal: AbortSignal, frame: (n: number) => string | Buffer) {
  for (let n = 0; ws.readyState === ws.OPEN && !signal.aborted; n++) {
    ws.send(frame(n));
    if (ws.bufferedAmount > 1_000_000 || n % 64 === 0) await turn();
    while (ws.bufferedAmount > 4_000_000 && ws.readyState === ws.OPEN && !signal.aborted) {
      await pause(5, signal);
    }
  }
  ws.terminate();
}

/** Sends frames no faster than the allowance lets pass: a burst, then 45 a second. */
async function pace(ws: WebSocket, signal: AbortSignal, burst: number, frame: () => string) {
  for (let n = 0; n < burst; n++) ws.send(frame());
  while (ws.readyState === ws.OPEN && !signal.aborted) {
    await pause(1_000, signal);
    for (let n = 0; n < 45 && ws.readyState === ws.OPEN; n++) ws.send(frame());
  }
  ws.terminate();
}

const seat = (target: Target, room: string) =>
  join(target.url, target.localAddress, room, target.token);

const MANY_SECTIONS = `v=0${CRLF}${"m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n".repeat(500)}`;
const LARGE_SDP = `v=0${CRLF}${"a=x-padding:1234567890123456789012345678901234567890\r\n".repeat(1_700)}`;
/** A frame of one byte that is no end of a message, masked by zeros; and how such a message begins. */
const FRAGMENT = Buffer.from([0x00, 0x81, 0, 0, 0, 0, 0x61]);
const FIRST_FRAGMENT = Buffer.from([0x01, 0x81, 0, 0, 0, 0, 0x34]);

export const ATTACKS: Readonly<Record<string, Attack>> = {
  "an upgrade behind a POST, then a reset": (target) =>
    repeat(target, async () => {
      const socket = await openTcp(target);
      socket.write(post("40") + UPGRADE);
      await turn();
      socket.resetAndDestroy();
    }),

  "pipelined GETs that are never read": (target) =>
    repeat(target, async () => {
      const socket = await openTcp(target);
      socket.pause();
      socket.write(`GET /app.js HTTP/1.1${CRLF}Host: a${CRLF}${CRLF}`.repeat(1_900));
      await pause(1_000, target.signal);
      socket.destroy();
    }),

  "joining and leaving": (target, n) =>
    repeat(target, async () => {
      const { ws } = await seat(target, `hostile-${n % 10}`);
      await pace(ws, target.signal, 40, () => {
        ws.send(event("leave"));
        return event("join", { room: `hostile-${n % 10}` });
      });
    }),

  "offers of 500 media sections": (target, n) =>
    repeat(target, async () => {
      const { ws } = await seat(target, `hostile-${n % 10}`);
      await pace(ws, target.signal, 40, () =>
        event("offer", { type: "offer", sdp: MANY_SECTIONS }),
      );
    }),

  "a burst, goodbye, and again": (target, n) =>
    repeat(target, async () => {
      const { ws } = await seat(target, `hostile-${n % 10}`);
      for (let i = 0; i < 480; i++) ws.send(event("candidate", { candidate: "attack" }));
      ws.send("41");
      await pause(20, target.signal);
      ws.close();
      await once(ws, "close");
    }),

  "events of unknown names, 110 KB each": (target) =>
    repeat(target, async () => {
      const { ws } = await seat(target, "hostile");
      const frame = event("nothing", Array(27_000).fill({}).slice(0, 18_000), "x".repeat(50_000));
      await flood(ws, target.signal, () => frame);
    }),

  "messages in fragments of one byte": (target) =>
    repeat(target, async () => {
      const ws = await open(target.url, target.localAddress);
      const { _socket: socket } = ws as unknown as { _socket: Socket };
      socket.write(FIRST_FRAGMENT);
      while (!socket.destroyed && !target.signal.aborted) {
        if (!socket.write(FRAGMENT))
          await Promise.race([once(socket, "drain"), once(socket, "close")]);
        await turn();
      }
      ws.terminate();
    }),

  "forged tokens": (target) =>
    repeat(target, async () => {
      const ws = await open(target.url, target.localAddress);
      const forged = `${target.token.slice(0, -6)}AAAAAA`;
      await flood(ws, target.signal, () => `40${JSON.stringify({ token: forged })}`);
    }),

  "members who never read, and those who write to them": (target, n) =>
    repeat(target, async () => {
      const { ws } = await seat(target, `hostile-${n % 10}`);
      const { _socket: socket } = ws as unknown as { _socket: Socket };
      if (n % 10 < 2) socket.pause();
      await pace(ws, target.signal, 15, () => event("offer", { type: "offer", sdp: LARGE_SDP }));
    }),

  "connections that come and go": (target) =>
    repeat(target, async () => {
      const ws = await open(target.url, target.localAddress);
      ws.send(`40${JSON.stringify({ token: target.token })}`);
      await heard(ws, "40");
      ws.terminate();
      await once(ws, "close");
    }),

  "requests that are never finished": (target) =>
    repeat(target, async () => {
      const socket = await openTcp(target);
      socket.write(
        `POST /socket.io/?EIO=4&transport=polling HTTP/1.1${CRLF}Content-Length: 100000${CRLF}`,
      );
      while (!socket.destroyed && !target.signal.aborted) {
        socket.write(`X-${Math.floor(performance.now())}: a${CRLF}`);
        await pause(20, target.signal);
      }
      socket.destroy();
    }),
};
