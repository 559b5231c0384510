/** A connection of which the test decides how its bytes are cut up. */

import type { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { WebSocket } from "ws";
import type { Frame } from "../../support/frames.ts";
import { openPolling } from "../../support/polling.ts";
import { createRandom } from "../../support/random.ts";
import { RawClient } from "../../support/raw.ts";
import { FIN, frame, OPCODE } from "../../support/wire.ts";
import type { Transport, Writing } from "./script.ts";

type OnPacket = (packet: string) => void;

export interface Line {
  /** Resolves when it has ended. */
  readonly closed: Promise<unknown>;
  readonly isOpen: boolean;
  /** Resolves when it is written. */
  write(frames: readonly Frame[], writing?: Writing): Promise<void>;
  /** Writes what needn't be whole frames. */
  writeBytes(bytes: Buffer): void;
  /** Ends it without a goodbye. */
  lose(): void;
  /** Reads nothing more, until it `goOn`s. */
  pause(): void;
  goOn(): void;
}

/** Opens one, and sends `connect`, by default a bare CONNECT. What the server sends goes to `onPacket`. */
export async function openLine(
  url: string,
  transport: Transport,
  onPacket: OnPacket,
  connect = "40",
) {
  if (transport === "websocket") {
    const line = await openWebSocket(url, "", onPacket);
    await line.write([connect]);
    return line;
  }
  const polling = await openPolling(url);
  await polling.post(connect);
  if (transport === "polling") return pollOn(polling, onPacket);
  onPacket(await (await polling.poll()).text());
  return upgrade(url, polling.sid, onPacket);
}

async function upgrade(url: string, sid: string, onPacket: OnPacket): Promise<Line> {
  let probed = () => {};
  const answer = new Promise<void>((resolve) => {
    probed = resolve;
  });
  const line = await openWebSocket(url, `&sid=${sid}`, (packet) => {
    if (packet === "3probe") probed();
    else onPacket(packet);
  });
  await line.write(["2probe"]);
  await answer;
  await line.write(["5"]);
  return line;
}

/** Opens a WebSocket, without CONNECT; `query` may have the id of a session to upgrade. */
export async function openWebSocket(url: string, query: string, onPacket: OnPacket): Promise<Line> {
  const { ws } = await RawClient.connect(url, { namespace: false, query });
  const { _socket: socket } = ws as unknown as { _socket: Socket };
  socket.setNoDelay(true);
  ws.on("message", (data) => onPacket(String(data)));
  return {
    closed: new Promise((resolve) => ws.once("close", resolve)),
    get isOpen() {
      return ws.readyState === WebSocket.OPEN;
    },
    write: async (frames, writing = "at once") => {
      const bytes = Buffer.concat(frames.map(writing === "fragments" ? fragments : whole));
      if (writing !== "cut") return void socket.write(bytes);
      // At places that the bytes themselves decide, so that both servers get the same.
      const random = createRandom(bytes.length);
      for (let at = 0; at < bytes.length; ) {
        const end = at + 1 + random.upTo(random.pick([3, 40, bytes.length]));
        socket.write(bytes.subarray(at, end));
        at = end;
        await turn();
      }
    },
    writeBytes: (bytes) => void socket.write(bytes),
    lose: () => ws.terminate(),
    pause: () => void socket.pause(),
    goOn: () => void socket.resume(),
  };
}

const opcodeOf = (message: Frame) => (typeof message === "string" ? OPCODE.text : OPCODE.binary);

function whole(message: Frame): Buffer {
  return frame(FIN | opcodeOf(message), message);
}

/** In three, of which the middle one may be empty, with a ping in between. */
function fragments(message: Frame): Buffer {
  const bytes = Buffer.from(message);
  const [first, last] = [Math.floor(bytes.length / 3), Math.ceil(bytes.length / 2)];
  return Buffer.concat([
    frame(opcodeOf(message), bytes.subarray(0, first)),
    frame(OPCODE.continuation, bytes.subarray(first, last)),
    frame(FIN | OPCODE.ping, "still there?"),
    frame(FIN | OPCODE.continuation, bytes.subarray(last)),
  ]);
}

/** Polls until the server says that it is over. */
function pollOn({ poll, post }: Awaited<ReturnType<typeof openPolling>>, onPacket: OnPacket): Line {
  let isOpen = true;
  const listen = async () => {
    while (isOpen) {
      const response = await poll().catch(() => new Response("", { status: 503 }));
      const packets = (await response.text()).split("\x1e");
      if (!response.ok || packets.includes("1")) isOpen = false;
      if (response.ok) packets.filter((packet) => packet !== "1").forEach(onPacket);
    }
  };
  return {
    closed: listen(),
    get isOpen() {
      return isOpen;
    },
    write: async (frames, writing = "at once") => {
      const packets = frames.map((message) =>
        typeof message === "string" ? message : `b${Buffer.from(message).toString("base64")}`,
      );
      const payloads = writing === "at once" ? [packets.join("\x1e")] : packets;
      for (const payload of payloads) if (isOpen) await post(payload);
    },
    writeBytes: () => {},
    lose: () => void post("1"),
    pause: () => {},
    goOn: () => {},
  };
}
