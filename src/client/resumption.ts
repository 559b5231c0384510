/** A seat in a room that outlives its connection: the ticket for it, and what a lost connection may have lost. */

import type { AddressedCallReport } from "../protocol/call-report.ts";
import type {
  Delivered,
  Joined,
  Metadata,
  Refusal,
  Resumed,
  ResumeRequest,
} from "../protocol/messages.ts";
import { disconnected, errorOf, retryAfterMs } from "./errors.ts";
import type { Early, FirstEvent } from "./first-event.ts";
import { countReceived, isAck, isResumed } from "./received.ts";
import type { Sending } from "./sending.ts";
import { SentMessages } from "./sent-messages.ts";
import type { ServerSocket } from "./signaling-types.ts";
import { nameRoom } from "./socket.ts";

/** Without an answer to `resume` by then, another connection tries. */
const ANSWER_MS = 5_000;
/** Between two tries on one connection. */
const MIN_RETRY_MS = 500;
/** Longer than a server takes to notice a lost connection, by default 18 s: for so much longer it keeps the seat. */
export const NOTICE_MS = 20_000;
/** Of reports of calls, the newest so many wait for the next connection. */
const MAX_REPORTS = 64;

/** What becomes of a seat when there is a connection again. */
interface Outcome {
  /** It is ours again. With `gap`, what was under way may be lost. */
  resumed: (resumed: Resumed, gap: boolean) => void;
  /** It is gone, or was given up. */
  gone: () => void;
}

/**
 * Keeps the seat of a join that was given a ticket, and sends what counts. Both sides count
 * (.github/PROTOCOL.md, "Resuming"), so each can tell the other what it lacks.
 */
export class Resumption {
  /** This peer's id, from a join until the seat is left or lost. */
  id: string | undefined;
  /** What the others were told about this peer last. */
  metadata: Metadata | undefined;
  /** Whether joins ask for a ticket. */
  readonly mayResume: boolean;
  private readonly socket: ServerSocket;
  private readonly first: FirstEvent;
  private readonly outcome: Outcome;
  private readonly received: { count: number };
  private readonly messages = new SentMessages();
  private reports: AddressedCallReport[] = [];
  private ticket: Joined["resume"];
  /** From the loss of the connection until the seat is taken over, or given up. */
  private isAway = false;
  private isLeaving = false;
  /** Joins under way: what becomes of the seat isn't known. */
  private joining = 0;
  /** Until `resume` is given up, or tried again. */
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: ServerSocket, first: FirstEvent, mayResume: boolean, outcome: Outcome) {
    this.socket = socket;
    this.first = first;
    this.mayResume = mayResume;
    this.outcome = outcome;
    this.received = countReceived(socket);
  }

  /** Whether the server hears what is sent now. */
  get isLive(): boolean {
    return this.first.isOver && !this.isAway;
  }

  /** Whether there is a seat to take over with another connection. */
  get isWaiting(): boolean {
    return this.isAway && !this.isLeaving;
  }

  /** Sends what counts: now, or behind what is sent again with the next connection. */
  send(sending: Sending): Promise<Delivered> {
    const mayWait = this.isWaiting && this.messages.mayWait;
    if (!this.isLive && !mayWait) return Promise.reject(disconnected());
    return this.messages.add(sending, this.isLive);
  }

  /** Sends it now, or when the seat is ours again. Nobody acknowledges it. */
  report(report: AddressedCallReport): void {
    if (this.isLive) this.socket.emit("call_report", report);
    else if (this.isWaiting) this.reports = [...this.reports, report].slice(-MAX_REPORTS);
  }

  /** A join is about to be sent. To be called with its answer: undefined if it was refused. */
  join(room: string, metadata: Metadata | undefined): (joined: Joined | undefined) => void {
    this.joining++;
    const mark = this.messages.mark();
    return (joined) => {
      this.joining--;
      if (!joined) return;
      mark();
      nameRoom(this.socket, room);
      this.isLeaving = false;
      this.id = joined.self.id;
      this.ticket = this.mayResume ? joined.resume : undefined;
      this.metadata = metadata;
    };
  }

  /** Leaves the room: now, or with the next connection. To be called with the answer: whether we have left. */
  leave(): (hasLeft: boolean) => void {
    this.isLeaving = true;
    if (this.isAway) this.messages.reject();
    return (hasLeft) => {
      // Another join may have followed.
      if (!this.isLeaving) return;
      this.isLeaving = false;
      if (hasLeft) this.forget();
    };
  }

  /** The connection is lost. */
  lose(): void {
    const { socket, ticket } = this;
    clearTimeout(this.timer);
    // Otherwise it would be sent before we have resumed.
    socket.sendBuffer = [];
    const isLost = !ticket || !socket.active || this.joining > 0;
    this.joining = 0;
    if (isLost) this.forget();
    else if (!this.isAway) this.messages.wait(ticket.graceMs + NOTICE_MS);
    this.isAway = !isLost;
  }

  /** What goes with the next CONNECT: takes over the seat, if there is one. */
  get early(): Early | undefined {
    if (!this.isAway) return undefined;
    const answered = (ack: unknown) => this.take(ack);
    return { event: "resume", request: this.resuming, answered, late: () => this.ask() };
  }

  /** The seat is gone, and with it what is under way. */
  forget(): void {
    clearTimeout(this.timer);
    this.reports = [];
    this.ticket = undefined;
    this.id = undefined;
    this.isAway = false;
    this.isLeaving = false;
    if (!this.socket.connected) this.messages.reject();
  }

  private get resuming(): ResumeRequest {
    return { ticket: this.ticket?.ticket ?? "", received: this.received.count };
  }

  private ask(): void {
    const { socket } = this;
    // A lost connection drops the acknowledgement: the next one asks again.
    this.timer = setTimeout(() => socket.io.engine.close(), ANSWER_MS);
    socket.emit("resume", this.resuming, (ack) => this.take(ack));
  }

  /** Takes the answer to `resume`. If it was asked twice on this connection, the first answer counts. */
  private take(answer: unknown): void {
    if (!this.isAway) return;
    clearTimeout(this.timer);
    const ack = isAck(answer, isResumed) ? answer : undefined;
    if (ack && !ack.ok && mayPass(ack.error)) {
      const delayMs = Math.max(MIN_RETRY_MS, retryAfterMs(errorOf(ack.error)));
      this.timer = setTimeout(() => this.ask(), delayMs);
    } else if (ack?.ok && !this.isLeaving) {
      this.goOn(ack);
    } else {
      if (ack?.ok) this.socket.emit("leave", () => {});
      this.messages.reject();
      this.forget();
      this.outcome.gone();
    }
  }

  private goOn(resumed: Resumed): void {
    this.isAway = false;
    this.id = resumed.self.id;
    this.ticket = resumed.resume;
    const { received, users } = resumed;
    if (received === null) {
      this.received.count = 0;
      if (this.metadata !== undefined) {
        this.socket.emit("set_metadata", { metadata: this.metadata }, () => {});
      }
    }
    for (const report of this.reports.splice(0)) this.report(report);
    const isComplete = this.messages.goOn(received, users.length);
    this.outcome.resumed(resumed, received === null || !isComplete);
  }
}

const mayPass = ({ code }: Refusal) => code === "unavailable" || code === "rate_limited";
