/** The Socket.IO connection to the server, and requests over it. */

import { Manager } from "socket.io-client";
import type { Ack } from "../protocol/messages.ts";
import { disconnected, errorOf, unreadable } from "./errors.ts";
import type { TypedEventTarget } from "./events.ts";
import { isAck } from "./received.ts";
import { TIMEOUT_MS } from "./retries.ts";
import { serverUrl } from "./server-url.ts";
import type { ServerSocket, SignalingEvents, SignalingOptions } from "./signaling-types.ts";
import { authBy } from "./token.ts";

/** Opens a connection, which doesn't come back by itself: see keepConnecting. */
export function openSocket(
  url: string | URL | undefined,
  { token, room, ...options }: Omit<SignalingOptions, "resume">,
): ServerSocket {
  // Engine.IO would take the query of the URL instead of that of the options.
  const [address, query] = serverUrl(url).split("?", 2);
  // Each client has its own connection, even if a page has several.
  const connections = new Connections(address, {
    transports: ["polling", "websocket"],
    ...options,
    query: {
      ...Object.fromEntries(new URLSearchParams(query)),
      ...(room !== undefined && { room }),
    },
    tryAllTransports: true, // The server may offer only the second.
    reconnection: false,
    timeout: TIMEOUT_MS,
  });
  return connections.socket(
    "/",
    token === undefined ? {} : { auth: authBy(token, () => connections.engine) },
  );
}

/** Names the room in the query of later connections, for load balancers. The present one keeps its own, and its node. */
export function nameRoom({ io }: ServerSocket, room: string): void {
  io.opts.query = { ...io.opts.query, room };
}

/**
 * Makes a connection that closes before Engine.IO has opened it a failed try. The Manager of socket.io-client 4.8 would
 * wait for its timeout.
 */
class Connections extends Manager {
  override open(onResult?: (error?: Error) => void): this {
    const before = this.engine;
    super.open(onResult);
    const { engine } = this;
    if (engine === before) return this;
    let isOpen = false;
    engine.once("open", () => {
      isOpen = true;
    });
    engine.once("close", (reason) => {
      // Nobody listens any more if the try has failed otherwise. The types say that it has no events of its own.
      if (!isOpen) Reflect.apply(engine.emit, engine, ["error", new Error(reason)]);
    });
    return this;
  }
}

/** Emits with an acknowledgement; resolves with what it yields, rejects with its error or if `isValid` says no. */
export type Request = <T extends object>(
  emit: (reply: (ack: Ack<T>) => void) => void,
  isValid?: (answer: object) => boolean,
) => Promise<T>;

/**
 * Creates what asks the server.
 *
 * @param isLive whether the server hears what is sent; if not, a request fails
 */
export function createRequest(socket: ServerSocket, isLive: () => boolean): Request {
  // Socket.IO would send it after reconnecting, before we have our seat again; so it fails now.
  return (emit, isValid) =>
    isLive() ? request(socket, emit, isValid) : Promise.reject(disconnected());
}

function request<T extends object>(
  socket: ServerSocket,
  emit: (reply: (ack: Ack<T>) => void) => void,
  isValid: (answer: object) => boolean = () => true,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const lost = () => reject(disconnected());
    socket.once("disconnect", lost);
    emit((ack) => {
      socket.off("disconnect", lost);
      if (!isAck(ack, isValid)) reject(unreadable());
      else if (ack.ok) resolve(ack);
      else reject(errorOf(ack.error));
    });
  });
}

/** Resolves when there is a connection again, rejects when it is refused or `closed`. */
export function nextConnection(
  client: TypedEventTarget<SignalingEvents>,
  closed: AbortSignal,
): Promise<void> {
  if (closed.aborted) return Promise.reject(disconnected());
  const settled = new AbortController();
  return new Promise<void>((resolve, reject) => {
    client.addEventListener("connect", () => resolve(), settled);
    client.addEventListener("resume", () => resolve(), settled);
    client.addEventListener("refuse", ({ error }) => reject(error), settled);
    closed.addEventListener("abort", () => reject(disconnected()), settled);
  }).finally(() => settled.abort());
}
