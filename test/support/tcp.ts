/** Bare TCP, for what no HTTP client would send. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export { upgradeRequest } from "./wire.ts";

export interface Tcp {
  readonly socket: Socket;
  /** What the server has sent. */
  read(): string;
  /** Resolves with what the server has sent as soon as that is something, or the end. */
  answered(): Promise<string>;
  /** Resolves when the server has ended the connection, with what it sent. */
  ended(): Promise<string>;
}

/** Opens a connection, sends `text`, and whatever the server does never closes its own side. */
export async function openTcp(url: string, text = ""): Promise<Tcp> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  let received = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    received += chunk;
  });
  // A reset is an end as good as any.
  socket.on("error", () => {});
  const ended = new Promise<void>((resolve) => {
    for (const event of ["end", "close"]) socket.once(event, () => resolve());
  });
  await once(socket, "connect");
  socket.write(text);
  return {
    socket,
    read: () => received,
    answered: async () => {
      if (received === "") await Promise.race([once(socket, "data"), ended]);
      return received;
    },
    ended: async () => {
      await ended;
      return received;
    },
  };
}

/** A WebSocket frame with a short text, masked by zeros (RFC 6455, 5.2). */
export function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}
