/**
 * A shorter way for offers, answers and candidates on a WebSocket: past Socket.IO's decoder and encoder, the ticks
 * between a packet and its listeners, and Engine.IO's write queue. A relayed message costs a quarter less by it
 * (`npm run bench -- --only before,ours --before …`). Whatever the lane doesn't recognise takes the usual way, and nothing depends on it.
 */

import { WebSocket } from "ws";
import type { Connection, FloodGuard } from "../connections/flood.ts";
import type { Arrive } from "./dispatch.ts";
import type { Send, SignalingIo, SignalingSocket } from "./socket.ts";

/** An EVENT packet of the namespace "/" (Socket.IO protocol 5), with an id if it asks for an acknowledgement. */
const HOT = /^2(0|[1-9]\d{0,8})?\["(offer|answer|candidate|candidates)",/;
/** A BINARY_EVENT or a BINARY_ACK: its attachments follow as packets of their own. */
const BINARY = /^[56]/;
/** While more than this waits in a WebSocket, messages are left to Engine.IO, whose queue is bounded. */
const MAX_BUFFERED_BYTES = 65_536;

/** Opens the lane for every socket that connects to `io` from now on. */
export function openLane(io: SignalingIo, floods: FloodGuard, arrive: Arrive): void {
  const encode = createEncoder();
  io.on("connection", (socket) => {
    takeIn(socket, arrive);
    sendOut(socket.conn, floods, encode);
  });
}

/** Takes what comes in; Socket.IO gets the rest. */
function takeIn(socket: SignalingSocket, arrive: Arrive): void {
  const { conn } = socket;
  const usual = socket.client["ondata"];
  if (!conn.listeners("data").includes(usual)) return;
  /** How many packets Socket.IO has that it handles in the next tick. Nothing may overtake them. */
  let ahead = 0;
  const lane = (packet: unknown) => {
    if (ahead === 0 && typeof packet === "string" && take(socket, packet, arrive)) return;
    ahead++;
    usual(packet);
    // Socket.IO takes what follows a binary packet for its attachments, so from then on it gets everything.
    if (typeof packet === "string" && !BINARY.test(packet)) process.nextTick(() => ahead--);
  };
  conn.off("data", usual).on("data", lane);
  // Another socket may follow on this connection.
  socket.on("disconnect", () => conn.off("data", lane).on("data", usual));
}

/** Handles a packet if it belongs on the lane; returns whether it does. */
function take(socket: SignalingSocket, packet: string, arrive: Arrive): boolean {
  const [, id = "", name] = HOT.exec(packet) ?? [];
  if (name === undefined || !isPlain(socket, name)) return false;
  const args = parse(packet.slice(1 + id.length));
  if (!args) return false;
  const reply: Send = (ack) => socket.conn.write(`3${id}[${JSON.stringify(ack)}]`);
  arrive(socket, name, args.slice(1), id === "" ? undefined : reply);
  return true;
}

/** Whether an event would reach our listener alone, and not one of an application as well. */
function isPlain(socket: SignalingSocket, name: string): boolean {
  return (
    socket.connected &&
    socket.conn.transport.name === "websocket" &&
    socket.listenersAny().length === 1 &&
    socket.listenerCount(name) === 0 &&
    socket["fns"]?.length === 0
  );
}

/** Undefined for what isn't JSON; Socket.IO refuses it. */
function parse(text: string): unknown[] | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Sends what goes out at once while the WebSocket keeps up; Engine.IO queues the rest. */
function sendOut(conn: Connection, floods: FloodGuard, encode: (message: string) => Buffer): void {
  // An earlier socket of this connection has done it.
  if (Object.hasOwn(conn, "write")) return;
  const usual = conn.write;
  conn.write = (message, options, onSent) => {
    const sender = typeof message === "string" && !onSent ? senderOf(conn) : undefined;
    if (!sender) return usual.call(conn, message, options, onSent);
    floods.countSent?.(Buffer.byteLength(message));
    sender.sendFrame([encode(message)]);
    return conn;
  };
}

/** The part of ws that Engine.IO, too, sends frames with that are made only once. */
interface FrameSender {
  sendFrame(frame: Buffer[]): void;
}

/** What sends on the WebSocket of a connection, if everything before is sent, or nearly. */
function senderOf(conn: Connection): FrameSender | undefined {
  const { transport, readyState } = conn;
  if (readyState !== "open" || !transport.writable || conn["writeBuffer"]?.length !== 0)
    return undefined;
  if (!("socket" in transport) || !(transport.socket instanceof WebSocket)) return undefined;
  const { socket } = transport;
  if (socket.readyState !== WebSocket.OPEN || socket.bufferedAmount > MAX_BUFFERED_BYTES)
    return undefined;
  return "_sender" in socket && isFrameSender(socket._sender) ? socket._sender : undefined;
}

function isFrameSender(sender: unknown): sender is FrameSender {
  return sender instanceof Object && "sendFrame" in sender;
}

/** Encodes messages; the same one again, to the next receiver, for nothing. */
function createEncoder(): (message: string) => Buffer {
  let last = "";
  let frame = encodeText("4");
  return (message) => {
    if (message !== last) frame = encodeText(`4${message}`);
    last = message;
    return frame;
  };
}

/** A text frame as a server sends it (RFC 6455, 5.2): whole, and not masked. */
function encodeText(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const start = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = 0x81;
  if (start === 2) frame[1] = length;
  else if (start === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(text, start);
  return frame;
}
