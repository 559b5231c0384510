/** Requests to a STUN server and their answers, over UDP, TCP or TLS (RFC 8489, 6.2). */

import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { connect as connectTcp, isIP } from "node:net";
import { connect as connectTls } from "node:tls";
import type { IceUrl } from "../url.ts";
import { decodeMessage, messageLength, type StunMessage } from "./stun-message.ts";

/** Time until a request over UDP is sent again; doubles each time. */
const RETRANSMIT_MS = 500;

/** A connection to a server. One request at a time. */
export interface StunConnection {
  /** Resolves with the answer. Rejects with the socket's error, or with the signal's reason. */
  request(message: Buffer): Promise<StunMessage>;
  close(): void;
}

/** A UDP, TCP or TLS socket. */
interface Wire {
  send(bytes: Buffer): void;
  close(): void;
}

/** Gets each complete message, or the error that ends the connection. */
interface Listener {
  onMessage(bytes: Buffer): void;
  onError(error: unknown): void;
}

/** Connects to the server at this URL. The signal aborts connecting and requests. */
export async function connectStun(url: IceUrl, signal: AbortSignal): Promise<StunConnection> {
  let listener: Listener | undefined;
  const wire = await (url.transport === "udp" ? openUdp : openStream)(url, signal, {
    onMessage: (bytes) => listener?.onMessage(bytes),
    onError: (error) => listener?.onError(error),
  });
  signal.addEventListener("abort", () => listener?.onError(signal.reason));

  return {
    close: () => wire.close(),

    async request(message) {
      signal.throwIfAborted();
      const transactionId = message.subarray(8, 20);
      const answer = new Promise<StunMessage>((resolve, reject) => {
        listener = {
          onError: reject,
          onMessage: (bytes) => {
            const answer = decodeMessage(bytes);
            if (answer?.bytes.subarray(8, 20).equals(transactionId)) resolve(answer);
          },
        };
      });
      wire.send(message);
      // TCP and TLS retransmit by themselves.
      if (url.transport !== "udp") return answer;
      return answer.finally(repeat(() => wire.send(message)));
    },
  };
}

/** Calls after 0.5 s, another 1 s, another 2 s and so on. Returns a function that stops it. */
function repeat(call: () => void): () => void {
  let delayMs = RETRANSMIT_MS;
  const next = () => {
    call();
    delayMs *= 2;
    timer = setTimeout(next, delayMs);
  };
  let timer = setTimeout(next, delayMs);
  return () => clearTimeout(timer);
}

async function openUdp(url: IceUrl, signal: AbortSignal, listener: Listener): Promise<Wire> {
  const aborted = once(signal, "abort").then(() => Promise.reject(signal.reason));
  const { address, family } = await Promise.race([lookup(url.host), aborted]);
  const socket = createSocket(family === 6 ? "udp6" : "udp4");
  // On a connected UDP socket, a closed port is reported as an error.
  socket.connect(url.port, address);
  try {
    await once(socket, "connect");
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.on("message", (bytes) => listener.onMessage(bytes));
  socket.on("error", (error) => listener.onError(error));
  return { send: (bytes) => socket.send(bytes), close: () => socket.close() };
}

async function openStream(url: IceUrl, signal: AbortSignal, listener: Listener): Promise<Wire> {
  const { host, port } = url;
  const secure = url.transport === "tls";
  const socket = secure
    ? connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }) })
    : connectTcp({ host, port });
  try {
    await once(socket, secure ? "secureConnect" : "connect", { signal });
  } catch (error) {
    socket.destroy();
    throw error;
  }
  let received = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
    for (;;) {
      const length = messageLength(received);
      if (length === undefined || length > received.length) break;
      listener.onMessage(received.subarray(0, length));
      received = received.subarray(length);
    }
    // 20 bytes that are no STUN header come from something else, such as a web server.
    const isForeign = received.length >= 20 && messageLength(received) === undefined;
    if (isForeign) listener.onError(new Error("what answers there is no STUN server"));
  });
  socket.on("error", (error) => listener.onError(error));
  socket.on("end", () => listener.onError(new Error("the server has closed the connection")));
  return { send: (bytes) => void socket.write(bytes), close: () => socket.destroy() };
}
