/** The connection to the signaling server: joining a room, sending to its peers, and their events. */

import type { CallReport } from "../protocol/call-report.ts";
import type {
  Candidate,
  Delivered,
  Description,
  IceGrant,
  Joined,
  Metadata,
} from "../protocol/messages.ts";
import { abortable } from "./abortable.ts";
import { isCode, refusalOf } from "./errors.ts";
import { TypedEventTarget } from "./events.ts";
import { FirstEvent } from "./first-event.ts";
import { Joins } from "./joins.ts";
import { followPage } from "./page.ts";
import { forwardMessages, isIceGrant } from "./received.ts";
import { Resumption } from "./resumption.ts";
import { keepConnecting } from "./retries.ts";
import { describing, trickling } from "./sending.ts";
import type {
  JoinOptions,
  ServerSocket,
  SignalingEvents,
  SignalingOptions,
} from "./signaling-types.ts";
import { createRequest, nextConnection, openSocket, type Request } from "./socket.ts";

/**
 * A connection to the signaling server. It starts at once, reconnects when it is lost, and disconnects
 * when the page is left. A seat in a room outlives a lost connection. For calls, build a `Mesh` on it.
 */
export class SignalingClient extends TypedEventTarget<SignalingEvents> {
  private readonly socket: ServerSocket;
  private readonly seat: Resumption;
  private readonly request: Request;
  private readonly closing = new AbortController();
  private readonly joins: Joins;
  /** Whether a `connect` or a `resume` was the last that listeners have heard. */
  private isUp = false;

  /** @param url the server's URL; by default the origin of the page */
  constructor(url?: string | URL, { resume = true, ...options }: SignalingOptions = {}) {
    super();
    this.socket = openSocket(url, options, () => first.put(this.seat.early ?? this.joins.early));
    const first = new FirstEvent(this.socket, () => this.comeUp());
    this.seat = new Resumption(this.socket, first, resume, {
      resumed: (resumed, gap) => {
        this.isUp = true;
        this.emit("resume", { ...resumed, gap });
      },
      gone: () => this.comeUp(),
    });
    this.request = createRequest(this.socket, () => this.connected);
    this.joins = new Joins({
      socket: this.socket,
      seat: this.seat,
      request: this.request,
      isLive: () => this.connected,
      untilConnected: (signal) => this.untilConnected(signal),
      onConnect: () => this.comeUp(),
      onJoined: (joined) => this.emit("join", joined),
      leave: () => this.leave(),
    });
    this.forwardEvents();
    keepConnecting(this.socket, () => this.seat.isWaiting, this.closing.signal);
    followPage(this.socket, () => this.emit("pagehide", {}), this.closing.signal);
  }

  /** This peer's id: while connected, and as long as there is a seat in a room. */
  get id(): string | undefined {
    return this.seat.id ?? this.socket.id;
  }

  /** Whether there is a connection, and what is sent reaches the server now. */
  get connected(): boolean {
    return this.seat.isLive;
  }

  /**
   * Joins a room as soon as there is a connection; leaves the room before.
   *
   * @throws SignalingError with the server's code: `room_full`, `bad_request`, …
   * @throws the signal's reason, when it is aborted first
   */
  join(room: string, options: JoinOptions = {}): Promise<Joined> {
    return this.joins.join(room, options);
  }

  /** Leaves the room; the connection stays open. Without one, resolves now, and leaves as soon as there is one. */
  async leave(): Promise<void> {
    const answered = this.seat.leave();
    if (!this.connected) return;
    try {
      await this.request((reply) => this.socket.emit("leave", reply));
      answered(true);
    } catch (error) {
      // Without an answer, it is left with the next connection.
      if (!isCode(error, "disconnected")) answered(false);
      throw error;
    }
  }

  /**
   * Replaces what the others are told about this peer. Waits for a connection.
   *
   * @throws SignalingError with the server's code: `not_in_room`, `too_large`
   */
  async setMetadata(metadata: Metadata): Promise<void> {
    await this.untilConnected();
    try {
      await this.request((reply) => this.socket.emit("set_metadata", { metadata }, reply));
      this.seat.metadata = metadata;
    } catch (error) {
      if (!isCode(error, "disconnected") || !this.seat.isWaiting) throw error;
      await this.setMetadata(metadata);
    }
  }

  /**
   * Sends an offer or an answer to one peer, or to everyone else in the room.
   *
   * @throws SignalingError with the server's code; `too_large` without sending it
   */
  async sendDescription(description: Description, to?: string): Promise<Delivered> {
    return this.seat.send(describing(this.socket, description, to));
  }

  /**
   * Sends 1 to 64 candidates, null for the end of them, to one peer or to everyone else.
   *
   * @throws SignalingError with the server's code; `too_large` without asking it
   */
  async sendCandidates(candidates: (Candidate | null)[], to?: string): Promise<Delivered> {
    return this.seat.send(trickling(this.socket, candidates, to));
  }

  /** Gets new STUN and TURN servers, before those of the join expire. */
  renewIceServers(): Promise<IceGrant> {
    return this.request((reply) => this.socket.emit("ice_servers", reply), isIceGrant);
  }

  /** Replaces the access token before it expires, by one of the same subject. */
  async refreshToken(token: string): Promise<void> {
    await this.request((reply) => this.socket.emit("refresh_token", token, reply));
  }

  /** Tells the server how a call went: now, or when we have our seat again. `Mesh` does so by itself. */
  reportCall(to: string, report: CallReport): void {
    this.seat.report({ to, ...report });
  }

  /** Ends the connection for good. */
  close(): void {
    this.closing.abort();
    this.socket.disconnect();
    this.seat.forget();
  }

  private forwardEvents(): void {
    const { socket } = this;
    socket.on("disconnect", (reason) => {
      this.seat.lose();
      // It is also emitted for a connection that was never up.
      if (!this.isUp && socket.active) return;
      this.isUp = false;
      const leftPage = reason === "io client disconnect" && !this.closing.signal.aborted;
      this.emit("disconnect", { willReconnect: socket.active || leftPage });
    });
    socket.on("connect_error", (error) => {
      // Active means that it retries: a network error, not a refusal.
      if (socket.active) return;
      this.seat.forget();
      this.emit("refuse", { error: refusalOf(error) });
    });
    forwardMessages(socket, (type, members) => this.emit(type, members));
  }

  private comeUp(): void {
    this.isUp = true;
    this.emit("connect", { id: this.socket.id ?? "" });
  }

  private async untilConnected(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.connected) return;
    const next = nextConnection(this, this.closing.signal);
    // After a refusal or a disconnect by the server it doesn't reconnect by itself.
    if (!this.socket.active && !this.closing.signal.aborted) this.socket.connect();
    await abortable(next, signal);
  }
}
