/** The Socket.IO connection to the server, and requests over it. */

import { Manager } from "socket.io-client";
import { disconnected, errorOf, unreadable } from "./errors.ts";
import type { TypedEventTarget } from "./events.ts";
import { type IsValid, isAck } from "./received.ts";
import { TIMEOUT_MS } from "./retries.ts";
import { serverUrl } from "./server-url.ts";
import type { ServerSocket, SignalingEvents, SignalingOptions } from "./signaling-types.ts";
import { authBy } from "./token.ts";

/** Half the round trips of polling first, and half of the server's work. */
const WEBSOCKET_FIRST: Transports = ["websocket", "polling"];
/** Passes wherever HTTP does, and upgrades to a WebSocket where that passes too. */
const POLLING_FIRST: Transports = ["polling", "websocket"];

type Transports = NonNullable<SignalingOptions["transports"]>;

/**
 * Opens a connection, which doesn't come back by itself: see keepConnecting.
 *
 * @param early what goes with each CONNECT, beside the token
 */
export function openSocket(
  url: string | URL | undefined,
  { token, room, transports, ...options }: Omit<SignalingOptions, "resume">,
  early: () => object,
): ServerSocket {
  // Engine.IO would take the query of the URL instead of that of the options.
  const [address, query] = serverUrl(url).split("?", 2);
  // Each client has its own connection, even if a page has several.
  const connections = new Connections(address, {
    transports: transports ?? WEBSOCKET_FIRST,
    ...options,
    query: {
      ...Object.fromEntries(new URLSearchParams(query)),
      ...(room !== undefined && { room }),
    },
    tryAllTransports: true, // A proxy, or the server, may refuse WebSockets.
    reconnection: false,
    timeout: TIMEOUT_MS,
  });
  if (transports) connections.choosesTransport = false;
  return connections.socket("/", { auth: authBy(token, () => connections.engine, early) });
}

/** Names the room in the query of later connections, for load balancers. The present one keeps its own, and its node. */
export function nameRoom({ io }: ServerSocket, room: string): void {
  io.opts.query = { ...io.opts.query, room };
}

/**
 * Notices what works, and makes a connection that closes before Engine.IO has opened it a failed try. The Manager of
 * socket.io-client 4.8 would wait for its timeout.
 */
class Connections extends Manager {
  /** Whether the first transport to try is the one that worked last. */
  choosesTransport = true;

  override open(onResult?: (error?: Error) => void): this {
    const before = this.engine;
    super.open(onResult);
    const { engine } = this;
    if (engine === before) return this;
    let isOpen = false;
    engine.once("open", () => {
      isOpen = true;
      this.choose(engine.transport.name);
    });
    engine.once("upgrade", ({ name }) => this.choose(name));
    engine.once("close", (reason) => {
      if (isOpen) return;
      // It took too long, or was ended without an error, and the other transport wasn't tried.
      if (reason !== "transport error") this.choose("polling");
      // Nobody listens any more if the try has failed otherwise. The types say that it has no events of its own.
      Reflect.apply(engine.emit, engine, ["error", new Error(reason)]);
    });
    return this;
  }

  /** Another network may let WebSockets pass: whoever begins with polling tries to upgrade, each time. */
  private choose(first: string): void {
    if (this.choosesTransport) {
      this.opts.transports = first === "polling" ? POLLING_FIRST : WEBSOCKET_FIRST;
    }
  }
}

/** Emits with an acknowledgement; resolves with what it yields, rejects with its error or if `isValid` says no. */
export type Request = <T extends object>(
  emit: (reply: (ack: unknown) => void) => void,
  isValid?: IsValid<T>,
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
  emit: (reply: (ack: unknown) => void) => void,
  isValid: IsValid<T> = (answer): answer is T => true,
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
