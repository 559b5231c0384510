/**
 * A WebSocket client over bare TCP (RFC 6455). It makes frames with a fixed mask and hands payloads
 * over as they came, so that a load of it costs less than any server it is put on.
 */

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** What Chromium sends along; a server may keep it for as long as the connection. */
export const BROWSER_HEADERS = {
  pragma: "no-cache",
  "cache-control": "no-cache",
  "user-agent":
    "Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
  "accept-encoding": "gzip, deflate, br, zstd",
  "accept-language": "en-US,en;q=0.9",
} as const;

const MASK = Buffer.from([0x5a, 0xc3, 0x96, 0x3c]);
/** How long a connection may take to open, in milliseconds, unless its client is less patient. */
const OPEN_LIMIT_MS = 20_000;
const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** A connection took too long to open. */
export class Late extends Error {}

export class Connection {
  private readonly socket: Socket;
  private rest: Buffer;
  private onText: (text: Buffer) => void = () => {};

  /** Connects and upgrades; rejects with what the server answers instead, or when it takes too long. */
  static open(url: URL, limitMs = OPEN_LIMIT_MS): Promise<Connection> {
    const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    const late = () => socket.destroy(new Late(`${url.host} took more than ${limitMs} ms`));
    const timer = setTimeout(late, limitMs);
    const opened = new Promise<Connection>((resolve, reject) => {
      let answer = Buffer.alloc(0);
      const onData = (data: Buffer) => {
        answer = Buffer.concat([answer, data]);
        const end = answer.indexOf("\r\n\r\n");
        if (end < 0) return;
        socket.pause().off("data", onData).off("error", reject).off("close", onClose);
        const [status = ""] = answer.toString("latin1", 0, end).split("\r\n");
        if (!status.includes(" 101 ")) {
          socket.destroy();
          return reject(new Error(`${url.pathname}: ${status}`));
        }
        resolve(new Connection(socket, answer.subarray(end + 4)));
      };
      const onClose = () => reject(new Error(`${url.host} closed the connection`));
      socket.on("data", onData).once("error", reject).once("close", onClose);
      socket.write(upgradeRequest(url));
    });
    return opened.finally(() => clearTimeout(timer));
  }

  private constructor(socket: Socket, head: Buffer) {
    this.socket = socket;
    this.rest = head;
  }

  /** Starts to read: the payload of each text message, and the end when it is the server's doing. */
  listen(onText: (text: Buffer) => void, onEnd: () => void): void {
    this.onText = onText;
    this.socket.on("error", () => {}).once("close", () => onEnd());
    this.read(Buffer.alloc(0));
    this.socket.on("data", (data) => this.read(data)).resume();
  }

  send(text: string): void {
    this.write(TEXT, Buffer.from(text));
  }

  /** Ends it without a goodbye. */
  destroy(): void {
    this.socket.destroy();
  }

  /** Says goodbye and resolves when the server has ended the connection. */
  async close(): Promise<void> {
    if (this.socket.destroyed) return;
    this.socket.removeAllListeners("close");
    this.write(CLOSE, Buffer.from([0x03, 0xe8]));
    await once(this.socket, "close");
  }

  private write(opcode: number, payload: Buffer): void {
    const { length } = payload;
    const start = length < 126 ? 6 : 8;
    const frame = Buffer.allocUnsafe(start + length);
    frame[0] = 0x80 | opcode;
    frame[1] = 0x80 | (length < 126 ? length : 126);
    if (start === 8) frame.writeUInt16BE(length, 2);
    MASK.copy(frame, start - 4);
    for (let i = 0; i < length; i++) frame[start + i] = (payload[i] ?? 0) ^ (MASK[i & 3] ?? 0);
    this.socket.write(frame);
  }

  private read(data: Buffer): void {
    let bytes = this.rest.length > 0 ? Buffer.concat([this.rest, data]) : data;
    for (;;) {
      const start = headerLength(bytes);
      const end = start + payloadLength(bytes, start);
      if (bytes.length < start || bytes.length < end) break;
      this.receive((bytes[0] ?? 0) & 0x0f, bytes.subarray(start, end));
      bytes = bytes.subarray(end);
    }
    this.rest = bytes;
  }

  private receive(opcode: number, payload: Buffer): void {
    if (opcode === TEXT) this.onText(payload);
    else if (opcode === PING) this.write(PONG, payload);
    else if (opcode === CLOSE) this.socket.destroy();
  }
}

/** Bytes before the payload of the frame that starts here; servers don't mask. */
function headerLength(bytes: Buffer): number {
  const short = (bytes[1] ?? 0) & 0x7f;
  if (short === 127) return 10;
  return short === 126 ? 4 : 2;
}

function payloadLength(bytes: Buffer, start: number): number {
  if (bytes.length < start) return 0;
  if (start === 2) return (bytes[1] ?? 0) & 0x7f;
  return start === 4 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
}

function upgradeRequest({ host, pathname, search }: URL): string {
  const headers = {
    host,
    connection: "Upgrade",
    upgrade: "websocket",
    origin: `http://${host}`,
    "sec-websocket-version": "13",
    "sec-websocket-key": randomBytes(16).toString("base64"),
    ...BROWSER_HEADERS,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${pathname}${search} HTTP/1.1\r\n${lines.join("")}\r\n`;
}
