/** A client that records from birth, so that a test awaits a message instead of sleeping. */

import { io, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";
import { onTestFinished } from "vitest";
import type {
  Ack,
  Delivered,
  Joined,
  Peer,
  ServerToClientEvents,
  Target,
} from "../../src/protocol/messages.ts";

export type ConnectOptions = Partial<ManagerOptions & SocketOptions>;

/** What the server sends, by event; an acknowledgement of `x` is recorded as `ack:x`. */
interface Message {
  event: string;
  args: unknown[];
}

type Args<E extends keyof ServerToClientEvents> = Parameters<ServerToClientEvents[E]>;

export class TestClient {
  readonly socket: Socket;
  readonly received: Message[] = [];
  /** Who is in the room as this client was told, itself excepted; undefined outside a room. */
  view: Peer[] | undefined;
  private readonly read = new Map<string, number>();
  private waiting: (() => void)[] = [];

  /** Connects, over WebSocket alone if not told otherwise, and resolves when connected. */
  static async connect(url: string, options: ConnectOptions = {}): Promise<TestClient> {
    const client = new TestClient(url, options);
    await client.connect();
    return client;
  }

  /** Creates a client that isn't connecting yet. */
  constructor(url: string, options: ConnectOptions = {}) {
    this.socket = io(url, {
      transports: ["websocket"],
      reconnection: false,
      forceNew: true,
      autoConnect: false,
      ...options,
    });
    this.socket.onAny((event: string, ...args: unknown[]) => this.record(event, args));
    onTestFinished(() => void this.socket.disconnect());
  }

  /** Connects, for the first time or again, and forgets which room it was in. */
  async connect(): Promise<void> {
    this.view = undefined;
    await new Promise<void>((resolve, reject) => {
      this.socket.once("connect", resolve);
      this.socket.once("connect_error", reject);
      this.socket.connect();
    });
  }

  get id(): string {
    if (!this.socket.id) throw new Error("not connected");
    return this.socket.id;
  }

  /** Emits with an acknowledgement and resolves with it. */
  request<T extends object = object>(event: string, ...args: unknown[]): Promise<Ack<T>> {
    return new Promise((resolve) => {
      this.socket.emit(event, ...args, (ack: Ack<T>) => {
        this.record(`ack:${event}`, [ack]);
        resolve(ack);
      });
    });
  }

  /** Joins and resolves with the acknowledgement, whatever it says. */
  join(room: string, name?: string): Promise<Ack<Joined>> {
    return this.request("join", { room, ...(name !== undefined && { name }) });
  }

  leave(): Promise<Ack> {
    return this.request("leave");
  }

  offer(sdp: string, target?: Target): Promise<Ack<Delivered>> {
    return this.request("offer", { type: "offer", sdp }, ...(target ? [target] : []));
  }

  /** The next message of this event that wasn't asked for yet; waits for it if need be. */
  async next<E extends keyof ServerToClientEvents>(event: E): Promise<Args<E>> {
    const index = this.read.get(event) ?? 0;
    this.read.set(event, index + 1);
    for (;;) {
      const message = this.all(event)[index];
      if (message) return message;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  /** Every message of this event so far. */
  all<E extends keyof ServerToClientEvents>(event: E): Args<E>[] {
    return this.received.filter((m) => m.event === event).map((m) => m.args as Args<E>);
  }

  /** Resolves when everything the server sent before now has arrived: a question and its answer. */
  async settled(): Promise<void> {
    await this.socket.emitWithAck("settled?");
  }

  /** Resolves when the connection has ended, from whichever side. */
  async disconnected(): Promise<void> {
    if (!this.socket.connected) return;
    await new Promise<void>((resolve) => this.socket.once("disconnect", () => resolve()));
  }

  private record(event: string, args: unknown[]): void {
    this.received.push({ event, args });
    this.follow(event, args);
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  private follow(event: string, [told]: unknown[]): void {
    if (event === "room_users") this.view = [...(told as Peer[])];
    if (event === "ack:leave") this.view = undefined;
    if (event === "user_joined") this.view?.push(told as Peer);
    if (event === "user_exit") {
      this.view = this.view?.filter((peer) => peer.id !== (told as Peer).id);
    }
  }
}
