/** What an operator sees of a server: the parts tell it what happens, and it counts and notes that. */

import type { Ack } from "../protocol/messages.ts";
import { Metrics, type Status } from "./metrics.ts";
import { type RelayedMessage, relayStep } from "./relayed.ts";
import { type Step, Timelines } from "./timeline.ts";

/** Why a connection was cut off. */
export type CutOff = "flood" | "slow" | "expired";

/** An event of a client, with what became of it. */
export interface Answered {
  /** The id of its peer. */
  readonly id: string;
  /** Its name; `unknown` for one that the protocol doesn't have. */
  readonly event: string;
  readonly args: readonly unknown[];
  readonly ack: Ack;
  /** From its arrival until now. */
  readonly tookMs: number;
}

/** What a client says of a connection to the peer `to`. */
export type Reported = Pick<Step, "path" | "reason"> &
  Readonly<Record<"room" | "from" | "to" | "outcome", string>> & { readonly ms: number };

const RELAYED = ["offer", "answer", "candidate", "candidates"];
/** What these do to a room is noted where it is done. */
const NOTED_ELSEWHERE: ReadonlySet<string> = new Set(["join", "leave", "resume"]);

/** Counts for the metrics, and notes for the timelines. */
export class Monitor {
  readonly metrics: Metrics;
  readonly timelines: Timelines;
  private readonly now: () => number;
  /** Of packets, since the metrics were read. */
  receivedBytes = 0;
  sentBytes = 0;
  /**
   * What was relayed since the metrics were read. It is added to them then: prom-client takes as long for 1 as for a
   * thousand.
   */
  private readonly relayedEvents = new Map(
    RELAYED.map((event) => [event, { events: 0, messages: 0 }]),
  );

  /** @param now Unix milliseconds */
  constructor(version: string, now: () => number) {
    this.metrics = new Metrics(version);
    this.timelines = new Timelines();
    this.now = now;
  }

  answered({ id, event, args, ack, tookMs }: Answered): void {
    const relayed = this.relayedEvents.get(event);
    if (ack.ok && relayed) {
      relayed.events++;
      this.metrics.relay.observe(tookMs / 1_000);
      return;
    }
    const outcome = ack.ok ? "ok" : ack.error.code;
    this.metrics.events.inc({ event, outcome });
    if (ack.ok) return;
    if (event === "resume") this.metrics.resumes.inc({ outcome });
    const room = NOTED_ELSEWHERE.has(event) ? undefined : this.timelines.roomOf(id);
    if (room === undefined) return;
    const to = event === "call_report" ? memberOf(args[0], "to") : memberOf(args[1], "to");
    // Anything may stand there.
    const known = this.timelines.knows(room, to) ? to : undefined;
    this.timelines.addRefusal(room, { at: this.now(), event, from: id, to: known, outcome });
  }

  /** A message was relayed. Its event is answered as well. */
  relayed(message: RelayedMessage): void {
    const counts = this.relayedEvents.get(message.event);
    if (counts) counts.messages += message.delivered;
    this.timelines.addOf(message.from, relayStep(this.now(), message));
  }

  /** All metrics as text, in Prometheus' format. */
  text(status: Status): Promise<string> {
    const { events, delivered, received, sent } = this.metrics;
    for (const [event, relayed] of this.relayedEvents) {
      if (relayed.events === 0) continue;
      events.inc({ event, outcome: "ok" }, relayed.events);
      delivered.inc({ event }, relayed.messages);
      relayed.events = 0;
      relayed.messages = 0;
    }
    received.inc(this.receivedBytes);
    sent.inc(this.sentBytes);
    this.receivedBytes = 0;
    this.sentBytes = 0;
    return this.metrics.text(status);
  }

  joined(room: string, id: string): void {
    this.metrics.joined.inc();
    this.timelines.enter(room, id);
    this.timelines.add(room, { at: this.now(), event: "joined", from: id, outcome: "ok" });
  }

  /** It has joined the room that it was in already. */
  rejoined(room: string, id: string): void {
    this.timelines.add(room, { at: this.now(), event: "rejoined", from: id, outcome: "ok" });
  }

  /** A join was refused, or a resume. Of a room that there may never have been it isn't noted: anybody can name rooms. */
  refused(event: "join" | "resume", room: string, id: string, code: string): void {
    const isRoom = event === "resume" || code === "room_full" || code === "room_closed";
    if (!isRoom && !this.timelines.has(room)) return;
    this.timelines.addRefusal(room, { at: this.now(), event, from: id, outcome: code });
  }

  left(room: string, id: string): void {
    this.metrics.left.inc();
    this.timelines.add(room, { at: this.now(), event: "left", from: id, outcome: "ok" });
    this.timelines.exit(id);
  }

  /** Its connection is lost, its seat is kept. */
  away(id: string): void {
    this.metrics.away.inc();
    this.timelines.addOf(id, { at: this.now(), event: "away", from: id, outcome: "ok" });
  }

  /** It has its seat again; `gap`: what was under way may be lost. */
  resumed(room: string, id: string, gap: boolean): void {
    const outcome = gap ? "gap" : "ok";
    this.metrics.resumes.inc({ outcome });
    this.timelines.enter(room, id);
    this.timelines.add(room, { at: this.now(), event: "resumed", from: id, outcome });
  }

  /** Its seat is on another node now, which notes what it does. */
  moved(id: string): void {
    this.timelines.exit(id);
  }

  /** A connection wasn't accepted; `reason` is of a fixed set. */
  refusedConnection(reason: string): void {
    this.metrics.refused.inc({ reason });
  }

  /** The server has failed. */
  fault(): void {
    this.metrics.faults.inc();
  }

  cutOff(reason: CutOff): void {
    this.metrics.cutOff.inc({ reason });
  }

  /** The same for a peer, if there is one. */
  peerCutOff(id: string, reason: CutOff): void {
    this.timelines.addOf(id, { at: this.now(), event: "cut_off", from: id, outcome: reason });
  }

  removed(id: string, code: string): void {
    this.metrics.removed.inc({ code });
    this.timelines.addOf(id, { at: this.now(), event: "removed", from: id, outcome: code });
  }

  /** A client says how one end of a connection between two peers went. */
  reported({ room, from, to, outcome, ms, path, reason }: Reported): void {
    const seconds = ms / 1_000;
    this.metrics.linkEnds.inc({ outcome, path: path ?? "", reason: reason ?? "" });
    if (outcome === "ended") this.metrics.linkDuration.observe({ path: path ?? "" }, seconds);
    else this.metrics.linkConnect.observe({ outcome, path: path ?? "" }, seconds);
    this.timelines.add(room, {
      at: this.now(),
      event: "call_report",
      from,
      to,
      outcome,
      path,
      reason,
      ms,
    });
  }

  /** A room was closed for newcomers. */
  closed(room: string): void {
    this.timelines.add(room, { at: this.now(), event: "closed", outcome: "ok" });
  }
}

/** A member of an object that is a string. */
function memberOf(value: unknown, name: string): string | undefined {
  if (!(value instanceof Object)) return undefined;
  const member: unknown = Reflect.get(value, name);
  return typeof member === "string" ? member : undefined;
}
