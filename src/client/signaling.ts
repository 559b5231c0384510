/** The connection to the signaling server: joining a room, sending to its peers, and their events. */

import { io, type Socket } from "socket.io-client";
import type {
  Ack,
  Candidate,
  ClientToServerEvents,
  Delivered,
  Description,
  IceGrant,
  Joined,
  ServerToClientEvents,
} from "../protocol/messages.ts";
import { abortable } from "./abortable.ts";
import { disconnected, errorOf, refusalOf, unreadable } from "./errors.ts";
import { TypedEventTarget } from "./events.ts";
import { followPage } from "./page.ts";
import { forwardMessages, isAck, isIceGrant, isJoined } from "./received.ts";
import { serverUrl } from "./server-url.ts";
import type { SignalingEvents, SignalingOptions } from "./signaling-types.ts";
import { checkCandidates, checkDescription } from "./sizes.ts";
import { authBy } from "./token.ts";

/**
 * A connection to the signaling server. It starts at once, reconnects when it is lost, and disconnects
 * when the page is left. For calls, build a `Mesh` on it.
 */
export class SignalingClient extends TypedEventTarget<SignalingEvents> {
  private readonly socket: Socket<ServerToClientEvents, ClientToServerEvents>;
  private readonly closing = new AbortController();
  /** The number of joins so far; only the latest one counts. */
  private joins = 0;

  /** @param url the server's URL; by default the origin of the page */
  constructor(url?: string | URL, { token, ...options }: SignalingOptions = {}) {
    super();
    this.socket = io(serverUrl(url), {
      transports: ["polling", "websocket"],
      ...options,
      tryAllTransports: true, // The server may offer only the second.
      ...(token !== undefined && { auth: authBy(token, () => this.socket.io.engine) }),
      // Each client has its own connection, even if a page has several.
      forceNew: true,
    });
    this.forwardEvents();
    followPage(this.socket, this.closing.signal);
  }

  /** This peer's id while connected. */
  get id(): string | undefined {
    return this.socket.id;
  }

  get connected(): boolean {
    return this.socket.connected;
  }

  /**
   * Joins a room as soon as there is a connection; leaves the room before.
   *
   * @throws SignalingError with the server's code: `room_full`, `bad_request`, …
   * @throws the signal's reason, when it is aborted first
   */
  async join(
    room: string,
    { name, signal }: { name?: string; signal?: AbortSignal } = {},
  ): Promise<Joined> {
    await this.untilConnected(signal);
    signal?.throwIfAborted();
    const turn = ++this.joins;
    const isCurrent = () => turn === this.joins && this.socket.connected;
    const request = this.request<Joined>(
      (reply) =>
        this.socket.emit(
          "join",
          { room, ...(name !== undefined && { name }), candidateLists: true },
          (ack) => {
            // At once, not a promise later: what comes next from the server builds on it.
            if (isAck(ack, isJoined) && ack.ok && isCurrent()) this.emit("join", ack);
            reply(ack);
          },
        ),
      isJoined,
    );
    // If the server accepts an aborted join, leave again, unless another join followed.
    return abortable(request, signal, () => isCurrent() && this.socket.emit("leave"));
  }

  /** Leaves the room; the connection stays open. */
  async leave(): Promise<void> {
    if (!this.socket.connected) return;
    await this.request((reply) => this.socket.emit("leave", reply));
  }

  /**
   * Sends an offer or an answer to one peer, or to everyone else in the room.
   *
   * @throws SignalingError with the server's code; `too_large` without sending it
   */
  async sendDescription(description: Description, to?: string): Promise<Delivered> {
    checkDescription(description);
    const event = description.type === "offer" ? "offer" : "answer";
    return this.request((reply) => this.socket.emit(event, description, targetOf(to), reply));
  }

  /**
   * Sends 1 to 64 candidates, null for the end of them, to one peer or to everyone else.
   *
   * @throws SignalingError with the server's code; `too_large` without asking it
   */
  async sendCandidates(candidates: (Candidate | null)[], to?: string): Promise<Delivered> {
    checkCandidates(candidates);
    return this.request((reply) => this.socket.emit("candidates", candidates, targetOf(to), reply));
  }

  /** Gets new STUN and TURN servers, before those of the join expire. */
  renewIceServers(): Promise<IceGrant> {
    return this.request((reply) => this.socket.emit("ice_servers", reply), isIceGrant);
  }

  /** Replaces the access token before it expires, by one of the same subject. */
  async refreshToken(token: string): Promise<void> {
    await this.request((reply) => this.socket.emit("refresh_token", token, reply));
  }

  /** Ends the connection for good. */
  close(): void {
    this.closing.abort();
    this.socket.disconnect();
  }

  private forwardEvents(): void {
    const { socket } = this;
    let isUp = false;
    socket.on("connect", () => {
      isUp = true;
      this.emit("connect", { id: socket.id ?? "" });
    });
    socket.on("disconnect", (reason) => {
      // It is also emitted for a connection that the server hadn't accepted yet.
      if (!isUp) return;
      isUp = false;
      const leftPage = reason === "io client disconnect" && !this.closing.signal.aborted;
      this.emit("disconnect", { willReconnect: socket.active || leftPage });
    });
    socket.on("connect_error", (error) => {
      // Active means that it retries: a network error, not a refusal.
      if (!socket.active) this.emit("refuse", { error: refusalOf(error) });
    });
    forwardMessages(socket, (type, members) => this.emit(type, members));
  }

  private untilConnected(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.socket.connected) return Promise.resolve();
    if (this.closing.signal.aborted) return Promise.reject(disconnected());
    const settled = new AbortController();
    const connected = new Promise<void>((resolve, reject) => {
      this.addEventListener("connect", () => resolve(), settled);
      this.addEventListener("refuse", ({ error }) => reject(error), settled);
      this.closing.signal.addEventListener("abort", () => reject(disconnected()), settled);
    });
    // After a refusal or a disconnect by the server it doesn't reconnect by itself.
    if (!this.socket.active) this.socket.connect();
    return abortable(connected, signal).finally(() => settled.abort());
  }

  /** Emits with an acknowledgement; resolves with what it yields, rejects with its error. */
  private request<T extends object>(
    emit: (reply: (ack: Ack<T>) => void) => void,
    isValid: (answer: object) => boolean = () => true,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      // Socket.IO would send it after reconnecting, under another id; so it fails now.
      if (!this.socket.connected) return reject(disconnected());
      const lost = () => reject(disconnected());
      this.socket.once("disconnect", lost);
      emit((ack) => {
        this.socket.off("disconnect", lost);
        if (!isAck(ack, isValid)) reject(unreadable());
        else if (ack.ok) resolve(ack);
        else reject(errorOf(ack.error));
      });
    });
  }
}

const targetOf = (to: string | undefined) => (to === undefined ? {} : { to });
