/** Joining rooms: the request goes with CONNECT if it has to wait for a connection, else it is an event. */

import type { Joined, JoinRequest } from "../protocol/messages.ts";
import { abortable } from "./abortable.ts";
import type { Early } from "./first-event.ts";
import { isAck, isJoined } from "./received.ts";
import type { Resumption } from "./resumption.ts";
import { joining } from "./sending.ts";
import type { JoinOptions, ServerSocket } from "./signaling-types.ts";
import type { Request } from "./socket.ts";

/** What joining needs of the client. */
interface JoinsDeps {
  socket: ServerSocket;
  seat: Resumption;
  request: Request;
  isLive: () => boolean;
  untilConnected: (signal: AbortSignal | undefined) => Promise<void>;
  /** There is a connection, since CONNECT and the join that went with it are answered. */
  onConnect: () => void;
  onJoined: (joined: Joined) => void;
  leave: () => Promise<void>;
}

/** A join that waits for a connection. */
interface Waiting {
  room: string;
  request: JoinRequest;
  signal: AbortSignal | undefined;
  /** Of a request that went with CONNECT. */
  answer?: Promise<Joined>;
}

/** Sends a join, and passes its answer on. */
type Send = (take: (ack: unknown) => void) => void;

/** The joins of a client. Only the latest counts. */
export class Joins {
  private readonly deps: JoinsDeps;
  private readonly waiting = new Set<Waiting>();
  /** How many have been sent. */
  private count = 0;

  constructor(deps: JoinsDeps) {
    this.deps = deps;
  }

  /** See `SignalingClient`. */
  async join(room: string, { name, metadata, signal }: JoinOptions): Promise<Joined> {
    const { socket, seat, untilConnected } = this.deps;
    const request = joining(room, name, metadata, seat.mayResume);
    const waiting: Waiting = { room, request, signal };
    this.waiting.add(waiting);
    try {
      await untilConnected(signal);
      signal?.throwIfAborted();
    } finally {
      this.waiting.delete(waiting);
    }
    return waiting.answer ?? this.ask(waiting, (take) => socket.emit("join", request, take));
  }

  /** What goes with the next CONNECT: of those that wait, the first. The others are sent behind it. */
  get early(): Early | undefined {
    const [waiting] = this.waiting;
    if (!waiting) return undefined;
    const { socket, onConnect } = this.deps;
    let isLate = false;
    return {
      event: "join",
      request: waiting.request,
      answered: (ack) => {
        if (isLate) return;
        this.waiting.delete(waiting);
        waiting.answer = this.ask(waiting, (take) => take(ack), onConnect);
        // Nobody waits for it any more if it was aborted.
        waiting.answer.catch(() => {});
      },
      late: () => {
        isLate = true;
        // If the server is only slow, this takes the join back: it handles one event after another.
        socket.emit("leave");
        onConnect();
      },
    };
  }

  private ask({ room, request, signal }: Waiting, send: Send, onAnswer?: () => void) {
    const { seat, isLive, onJoined, leave } = this.deps;
    const turn = ++this.count;
    const isLatest = () => turn === this.count && this.waiting.size === 0 && isLive();
    const asked = this.deps.request<Joined>((reply) => {
      const answered = seat.join(room, request.metadata);
      send((ack) => {
        // At once, not a promise later: what comes next from the server builds on it.
        const joined = isAck(ack, isJoined) && ack.ok ? ack : undefined;
        answered(joined);
        onAnswer?.();
        if (joined && isLatest()) onJoined(joined);
        reply(ack);
      });
    }, isJoined);
    // If the server accepts an aborted join, leave again, unless another join followed.
    return abortable(asked, signal, () => isLatest() && leave().catch(() => {}));
  }
}
