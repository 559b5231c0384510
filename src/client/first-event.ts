/** The first event of a connection: a join or a resume goes with CONNECT, which saves a round trip. */

import type { JoinRequest, ResumeRequest } from "../protocol/messages.ts";
import type { ServerSocket } from "./signaling-types.ts";

/** A server that doesn't know of this says nothing. After so long the event is sent as any other. */
const ANSWER_MS = 2_000;

/** A join or a resume that goes with CONNECT. */
export type Early = {
  /** Gets what would be the acknowledgement. */
  answered: (ack: unknown) => void;
  /** There is no answer in time: sends the event. An answer may still come. */
  late: () => void;
} & ({ event: "join"; request: JoinRequest } | { event: "resume"; request: ResumeRequest });

/** Puts an event into CONNECT, and waits for its answer. */
export class FirstEvent {
  private readonly socket: ServerSocket;
  private early: Early | undefined;
  /** Whether it may be answered in time. */
  private isPending = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** @param onConnect called when there is a connection, and nothing went with its CONNECT */
  constructor(socket: ServerSocket, onConnect: () => void) {
    this.socket = socket;
    socket.on("connect", () => (this.early ? this.wait(this.early) : onConnect()));
    socket.on("disconnect", () => this.put(undefined));
    socket.on("join_result", (ack) => this.take("join", ack));
    socket.on("resume_result", (ack) => this.take("resume", ack));
  }

  /** Whether the server hears what is sent now, and nothing must be answered before. */
  get isOver(): boolean {
    return this.socket.connected && !this.isPending;
  }

  /** What CONNECT's auth has for this event; from now on, its answer is waited for. */
  put(early: Early | undefined): object {
    clearTimeout(this.timer);
    this.early = early;
    this.isPending = early !== undefined;
    return early ? { [early.event]: early.request } : {};
  }

  private wait(early: Early): void {
    this.timer = setTimeout(() => {
      this.isPending = false;
      early.late();
    }, ANSWER_MS);
  }

  private take(event: Early["event"], ack: unknown): void {
    const { early } = this;
    if (early?.event !== event) return;
    this.put(undefined);
    early.answered(ack);
  }
}
