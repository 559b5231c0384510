/** The connection to the server, by itself: join a room, send to its peers, hear from them. */

import { io, type Socket } from "socket.io-client";
import type {
  Ack,
  Candidate,
  ClientToServerEvents,
  Delivered,
  Description,
  ErrorCode,
  Joined,
  Peer,
  ServerToClientEvents,
} from "../protocol.ts";
import { abortable } from "./abortable.ts";
import { TypedEventTarget } from "./events.ts";

/** Why a request failed: the server's code, or `disconnected` when it got no answer. */
export class SignalingError extends Error {
  override readonly name = "SignalingError";
  readonly code: ErrorCode | "disconnected";

  constructor(code: ErrorCode | "disconnected", message: string) {
    super(message);
    this.code = code;
  }
}

/** How to connect. */
export interface SignalingOptions {
  /** socket.io transports to try, in this order. */
  transports?: ("polling" | "websocket")[];
}

/** What a SignalingClient tells, by event type. */
export interface SignalingEvents {
  /** Connected, for the first time or again; each time with an id of its own, and in no room. */
  connect: { id: string };
  /** The connection is lost. It comes back by itself if `willReconnect`. */
  disconnect: { willReconnect: boolean };
  /** The server turned the connection down, and trying again would not help. */
  refuse: { error: SignalingError };
  /** In a room, with the others there, longest-standing first, and how to reach them. */
  join: Joined;
  peerjoin: { peer: Peer };
  peerleave: { id: string };
  /** An offer or an answer of the peer with id `from`. */
  description: { description: Description; from: string };
  /** A candidate of the peer with id `from`; null says that there are no more. */
  candidate: { candidate: Candidate | null; from: string };
}

/**
 * A connection to the signaling server. It starts at once, comes back when it is lost, and says
 * goodbye when the page is left. Whoever wants calls and not messages takes a `Mesh` besides.
 */
export class SignalingClient extends TypedEventTarget<SignalingEvents> {
  private readonly socket: Socket<ServerToClientEvents, ClientToServerEvents>;
  private readonly closing = new AbortController();

  /** @param url the server's address; left out, it is the page's own */
  constructor(url?: string | URL, options: SignalingOptions = {}) {
    super();
    this.socket = io(url === undefined ? globalThis.location.origin : String(url), {
      ...options,
      // A connection of its own, however many clients a page has.
      forceNew: true,
    });
    this.forwardEvents();
    this.followPage();
  }

  /** This peer's id while connected. */
  get id(): string | undefined {
    return this.socket.id;
  }

  get connected(): boolean {
    return this.socket.connected;
  }

  /**
   * Joins a room, as soon as there is a connection; leaves the one before.
   *
   * @throws SignalingError with the server's code: `room_full`, `bad_request`, …
   * @throws the signal's reason, when it is aborted first
   */
  async join(
    room: string,
    { name, signal }: { name?: string; signal?: AbortSignal } = {},
  ): Promise<Joined> {
    await this.untilConnected(signal);
    const request = this.request<Joined>((reply) =>
      this.socket.emit("join", { room, ...(name !== undefined && { name }) }, (ack) => {
        // At once, not a promise later: what comes next from the server builds on it.
        if (ack.ok) this.emit("join", ack);
        reply(ack);
      }),
    );
    // Given up when the server has seated us already: give the seat up, too.
    return abortable(request, signal, () => this.socket.connected && this.socket.emit("leave"));
  }

  /** Leaves the room; the connection stays. */
  async leave(): Promise<void> {
    if (!this.socket.connected) return;
    await this.request((reply) => this.socket.emit("leave", reply));
  }

  /** Sends an offer or an answer to one peer, or to everyone else in the room. */
  sendDescription(description: Description, to?: string): Promise<Delivered> {
    const event = description.type === "offer" ? "offer" : "answer";
    return this.request((reply) => this.socket.emit(event, description, targetOf(to), reply));
  }

  /** Sends a candidate, or null for the end of them, to one peer or to everyone else. */
  sendCandidate(candidate: Candidate | null, to?: string): Promise<Delivered> {
    return this.request((reply) => this.socket.emit("candidate", candidate, targetOf(to), reply));
  }

  /** The same for 1 to 64 of them, in one message; each arrives by itself. */
  sendCandidates(candidates: (Candidate | null)[], to?: string): Promise<Delivered> {
    return this.request((reply) => this.socket.emit("candidates", candidates, targetOf(to), reply));
  }

  /** Ends the connection for good. */
  close(): void {
    this.closing.abort();
    this.socket.disconnect();
  }

  private forwardEvents(): void {
    const { socket } = this;
    socket.on("connect", () => this.emit("connect", { id: socket.id ?? "" }));
    socket.on("disconnect", (reason) => {
      const leftPage = reason === "io client disconnect" && !this.closing.signal.aborted;
      this.emit("disconnect", { willReconnect: socket.active || leftPage });
    });
    socket.on("connect_error", (error) => {
      // Active means that it tries again: the network's fault, not a refusal.
      if (!socket.active) this.emit("refuse", { error: refusalOf(error) });
    });
    socket.on("user_joined", (peer) => this.emit("peerjoin", { peer }));
    socket.on("user_exit", ({ id }) => this.emit("peerleave", { id }));
    const onDescription = (description: Description, { from }: { from: string }) =>
      this.emit("description", { description, from });
    socket.on("getOffer", onDescription);
    socket.on("getAnswer", onDescription);
    socket.on("getCandidate", (candidate, { from }) => this.emit("candidate", { candidate, from }));
  }

  /** Says goodbye when the page goes, and is back when it comes out of the back/forward cache. */
  private followPage(): void {
    if (!("document" in globalThis)) return;
    const { signal } = this.closing;
    globalThis.addEventListener("pagehide", () => this.socket.disconnect(), { signal });
    globalThis.addEventListener("pageshow", ({ persisted }) => persisted && this.socket.connect(), {
      signal,
    });
  }

  private untilConnected(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.socket.connected) return Promise.resolve();
    const settled = new AbortController();
    const connected = new Promise<void>((resolve, reject) => {
      this.addEventListener("connect", () => resolve(), settled);
      this.addEventListener("refuse", ({ error }) => reject(error), settled);
      this.closing.signal.addEventListener("abort", () => reject(disconnected()), settled);
    });
    return abortable(connected, signal).finally(() => settled.abort());
  }

  /** Emits with an acknowledgement; resolves with what it yields, rejects with its error. */
  private request<T extends object>(emit: (reply: (ack: Ack<T>) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      // What is emitted offline would be sent later, under another id; better to fail now.
      if (!this.socket.connected) return reject(disconnected());
      const lost = () => reject(disconnected());
      this.socket.once("disconnect", lost);
      emit((ack) => {
        this.socket.off("disconnect", lost);
        if (ack.ok) resolve(ack);
        else reject(new SignalingError(ack.error.code, ack.error.message));
      });
    });
  }
}

const targetOf = (to: string | undefined) => (to === undefined ? {} : { to });

function disconnected(): SignalingError {
  return new SignalingError("disconnected", "there is no connection to the signaling server");
}

/** What the server says when it turns a connection down comes in `data`. */
function refusalOf(error: Error & { data?: { code?: ErrorCode } }): SignalingError {
  return new SignalingError(error.data?.code ?? "internal", error.message);
}
