/**
 * A shorter way for offers, answers and candidates on a WebSocket: past Socket.IO's decoder and encoder, the ticks
 * between a packet and its listeners, and Engine.IO's write queue. A relayed message costs half as much by it
 * (`npm run bench`). Whatever the lane doesn't recognise takes the usual way, and nothing depends on it.
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
  io.on("connection", (socket) => {
    takeIn(socket, arrive);
    sendOut(socket.conn, floods);
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
function sendOut(conn: Connection, floods: FloodGuard): void {
  const usual = conn.write;
  conn.write = (data, options, onSent) => {
    const webSocket = typeof data === "string" && !onSent ? idleWebSocket(conn) : undefined;
    if (!webSocket) return usual.call(conn, data, options, onSent);
    floods.countSent?.(Buffer.byteLength(data));
    webSocket.send(`4${data}`);
    return conn;
  };
}

/** The WebSocket of a connection, if everything before is sent, or nearly. */
function idleWebSocket(conn: Connection): WebSocket | undefined {
  const { transport, readyState } = conn;
  if (readyState !== "open" || !transport.writable || conn["writeBuffer"]?.length !== 0)
    return undefined;
  if (!("socket" in transport) || !(transport.socket instanceof WebSocket)) return undefined;
  const { socket } = transport;
  return socket.readyState === WebSocket.OPEN && socket.bufferedAmount <= MAX_BUFFERED_BYTES
    ? socket
    : undefined;
}
