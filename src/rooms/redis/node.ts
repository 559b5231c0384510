/** This node's part in the cluster: what it knows, and what it does by itself to keep that true. */

import { setTimeout as pause } from "node:timers/promises";
import type { Member } from "../registry.ts";
import { type Answer, UNAVAILABLE } from "./answer.ts";
import { Availability } from "./availability.ts";
import { Chores } from "./chores.ts";
import { RedisConnection, SCRIPT_TIMEOUT_MS } from "./connection.ts";
import { Inbox } from "./inbox.ts";
import { Incoming } from "./incoming.ts";
import { LateClaims } from "./late-claims.ts";
import { Leases } from "./leases.ts";
import type { RedisRoomDeps, RedisRoomOptions } from "./options.ts";
import { Outgoing } from "./outgoing.ts";
import { Questions } from "./questions.ts";
import { Requests } from "./requests.ts";
import { NO_TICKETS, Roster } from "./roster.ts";
import type { ScriptName } from "./scripts.ts";
import { argumentsOf, parseSeats } from "./seats.ts";
import { Upkeep } from "./upkeep.ts";

/** For how long the node waits for Redis in the end. */
const GOODBYE_MS = 1_000;

/** The state of this node. */
export class RedisNode {
  readonly connection: RedisConnection;
  readonly roster = new Roster();
  readonly inbox: Inbox;
  readonly outgoing: Outgoing;
  readonly questions: Questions;
  private readonly incoming: Incoming;
  readonly requests = new Requests<Answer>(SCRIPT_TIMEOUT_MS);
  readonly chores = new Chores(() => this.connection.isOpen);
  private readonly maxPeersPerRoom: number;
  readonly leases: Leases;
  readonly availability: Availability;
  private readonly upkeep: Upkeep;

  constructor(options: RedisRoomOptions, { onChange, reportFault }: RedisRoomDeps) {
    this.maxPeersPerRoom = options.maxPeersPerRoom;
    this.upkeep = new Upkeep(options.nodeLeaseMs, {
      rooms: () => this.roster.names,
      compare: (room) => this.compare(room),
      touch: (rooms) => void this.run("touch", ...rooms).catch(() => {}),
    });
    this.availability = new Availability(onChange);
    this.connection = new RedisConnection(options, {
      opened: (isNew) => this.open(isNew),
      failed: (error) => {
        this.availability.fail(error);
        this.availability.note(this.leases.isAvailable);
      },
      arrived: (entries) => this.inbox.take(entries),
    });
    this.outgoing = new Outgoing(this.connection);
    this.questions = new Questions((node, message) => this.outgoing.send(node, message));
    this.incoming = new Incoming({
      connection: this.connection,
      outgoing: this.outgoing,
      roster: this.roster,
      listeners: () => this.inbox.listeners,
      questions: this.questions,
      compareAll: () => this.upkeep.compareAll(),
      reportFault,
    });
    this.leases = new Leases(this.connection, options, {
      renewed: () => this.keepUp(),
      lapsed: () => this.upkeep.compareAll(),
      gone: (node) => {
        this.outgoing.forget(node);
        this.incoming.forget(node);
      },
    });
    this.inbox = new Inbox({
      node: this.connection.node,
      roster: this.roster,
      requests: this.requests,
      outgoing: this.outgoing,
      incoming: this.incoming,
      compare: (room, request) => void this.run("sync", room, request).catch(() => {}),
      giveUp: (id, room) => this.giveUp(id, room, []),
      noteTickets: (id) => this.noteTickets(id),
      lateClaims: new LateClaims(options.resumeGraceMs, (id, room) => {
        if (this.roster.roomOf(id) === room || this.requests.has(id, room)) return;
        this.giveUp(id, room, []);
      }),
      reportFault,
    });
  }

  /** Ends this node: what was sent before is still sent. */
  async close(): Promise<void> {
    this.leases.stop();
    this.outgoing.flush();
    const goodbye = async () => {
      if (this.leases.isAvailable) await this.leases.end().catch(() => {});
      await this.connection.close();
    };
    // Ends now if Redis doesn't answer.
    await Promise.race([goodbye(), pause(GOODBYE_MS, undefined, { ref: false })]);
    this.connection.cut();
  }

  /** Asks Redis for a change of a seat. */
  async ask(
    mode: "join" | "update" | "claim",
    id: string,
    room: string,
    member: readonly [kind: string, text: string],
    ticket = NO_TICKETS,
  ): Promise<Answer> {
    if (!this.leases.isAvailable) return UNAVAILABLE;
    const before = this.roster.roomOf(id) ?? "";
    // It must not remove the seat that is asked for now.
    const wasLeaving = this.chores.drop(leaving(id, room));
    const args = [mode, room, id, ...member] as const;
    const send = (request: string) =>
      this.run("seat", ...args, request, this.maxPeersPerRoom, before, ticket, "");
    const answer = await this.requests.ask({ mode, id, room }, send, UNAVAILABLE);
    if (wasLeaving && this.roster.roomOf(id) !== room) this.giveUp(id, room, []);
    return answer;
  }

  /** The members of a room, as Redis has them. */
  async readMembers(room: string): Promise<Member[]> {
    return parseSeats(room, await this.connection.seatsOf(room), this.connection.node);
  }

  /** Runs a script, behind the messages that were sent before. */
  run(name: ScriptName, ...args: (string | number)[]): Promise<unknown> {
    this.outgoing.flush();
    return this.connection.run(name, ...args);
  }

  /** Removes the seat of a peer of this node from Redis. `nodes` are told, should Redis know nothing of it. */
  giveUp(id: string, room: string, nodes: readonly string[]): void {
    this.chores.drop(`tickets ${id}`);
    this.chores.drop(`restore ${id}`);
    this.chores.add(leaving(id, room), async () => {
      const outcome = await this.run("leave", room, id, nodes.join(","));
      // Who was on another node before is still known to be there.
      if (outcome === "ok" && this.roster.get(room, id)) this.compare(room);
      return outcome;
    });
  }

  /** Writes the tickets of a peer of this node to Redis. */
  noteTickets(id: string): void {
    const room = this.roster.roomOf(id);
    if (room === undefined) return;
    const write = () => this.run("tickets", room, id, this.roster.ticketsOf(id));
    this.chores.add(`tickets ${id}`, write);
  }

  /** There is a connection again; `isNew`: to a Redis that knows nothing. */
  private open(isNew: boolean): void {
    this.outgoing.rewind();
    if (isNew) {
      this.leases.begin(this.availability.state === undefined);
      // Before the messages of these peers.
      for (const id of this.roster.ownIds) this.restore(id);
    }
    this.outgoing.flush();
    this.incoming.confirmAll(true);
    this.chores.retry();
    this.availability.note(this.leases.isAvailable);
  }

  private restore(id: string): void {
    this.chores.add(`restore ${id}`, async () => {
      const { roster } = this;
      const room = roster.roomOf(id);
      const member = room === undefined ? undefined : roster.get(room, id);
      if (room === undefined || !member) return "ok";
      const rest = ["", 0, "", roster.ticketsOf(id), roster.nodesOf(room).join(",")] as const;
      return this.connection.run("seat", "restore", room, id, ...argumentsOf(member), ...rest);
    });
  }

  private compare(room: string): void {
    this.chores.add(`compare ${room}`, () => this.run("sync", room, ""));
  }

  /** What is done every now and then. */
  private keepUp(): void {
    this.availability.note(this.leases.isAvailable);
    if (!this.leases.isAvailable) return;
    this.outgoing.flush();
    this.incoming.confirmAll();
    this.chores.retry();
    this.upkeep.step(this.leases.isSettled);
    this.connection.trim();
  }
}

/** The key of the chore to give up a seat. */
const leaving = (id: string, room: string) => `leave ${id} ${room}`;
