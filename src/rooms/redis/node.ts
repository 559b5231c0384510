/** This node's part in the cluster: what it knows, and what it does by itself to keep that true. */

import { Chores } from "./chores.ts";
import { type ConnectionOptions, RedisConnection, SCRIPT_TIMEOUT_MS } from "./connection.ts";
import { type Answer, Inbox } from "./inbox.ts";
import { type LeaseOptions, Leases } from "./leases.ts";
import { Links } from "./links.ts";
import { Requests } from "./requests.ts";
import { NO_TICKETS, Roster } from "./roster.ts";
import type { ScriptName } from "./scripts.ts";
import { argumentsOf } from "./seats.ts";

/** Options of the registry. */
export interface RedisRoomOptions extends ConnectionOptions, LeaseOptions {
  readonly maxPeersPerRoom: number;
}

/** What the registry needs from elsewhere. */
export interface RedisRoomDeps {
  /** Told when Redis can't be reached any more and why, and when it can be again. */
  readonly onChange: (isAvailable: boolean, reason: string | undefined) => void;
  readonly reportFault: (error: unknown) => unknown;
}

/** Whether Redis can be reached; undefined until it has answered once. */
export type StoreState = "ok" | "unavailable" | undefined;

const UNAVAILABLE = { ok: false, code: "unavailable" } as const;
/** The keys of rooms are kept from expiring so often, so many at a time. */
const TOUCH_MS = 1_200_000;
const TOUCHED_AT_ONCE = 1_000;

/** The state of this node. */
export class RedisNode {
  readonly connection: RedisConnection;
  readonly roster = new Roster();
  readonly inbox: Inbox;
  readonly links: Links;
  readonly requests = new Requests<Answer>(SCRIPT_TIMEOUT_MS);
  readonly chores = new Chores(() => this.connection.isOpen);
  private readonly maxPeersPerRoom: number;
  private readonly onChange: RedisRoomDeps["onChange"];
  private readonly leases: Leases;
  private state: StoreState;
  /** Why the connection was lost, and what was told about it. */
  private failure: string | undefined;
  private toldFailure: string | undefined;
  private touchedAtMs = performance.now();

  constructor(options: RedisRoomOptions, { onChange, reportFault }: RedisRoomDeps) {
    this.maxPeersPerRoom = options.maxPeersPerRoom;
    this.onChange = onChange;
    this.connection = new RedisConnection(options, {
      opened: (isNew) => this.open(isNew),
      failed: ({ message }) => {
        this.failure = message;
        this.noteState();
      },
      arrived: (entries) => this.inbox.take(entries),
    });
    this.links = new Links(this.connection);
    this.leases = new Leases(this.connection, options, {
      renewed: () => this.keepUp(),
      lapsed: () => this.compareAll(),
      gone: (node) => this.links.forget(node),
    });
    this.inbox = new Inbox({
      node: this.connection.node,
      roster: this.roster,
      requests: this.requests,
      links: this.links,
      compare: (room, request) => void this.run("sync", room, request).catch(() => {}),
      compareAll: () => this.compareAll(),
      giveUp: (id, room) => this.giveUp(id, room, []),
      reportFault,
    });
  }

  /** Whether Redis can be reached. */
  get store(): StoreState {
    return this.state;
  }

  /** Ends this node: what was sent before is still sent. */
  async close(): Promise<void> {
    this.leases.stop();
    this.links.flush();
    if (this.leases.isAvailable) await this.leases.end().catch(() => {});
    await this.connection.close();
  }

  /** Asks Redis for a change of a seat. */
  async ask(
    mode: "join" | "update" | "claim",
    id: string,
    room: string,
    member: readonly [kind: string, text: string],
    before = "",
    ticket = NO_TICKETS,
  ): Promise<Answer> {
    if (!this.leases.isAvailable) return UNAVAILABLE;
    const send = (request: string) =>
      this.run(
        "seat",
        mode,
        room,
        id,
        ...member,
        request,
        this.maxPeersPerRoom,
        before,
        ticket,
        "",
      );
    return this.requests.ask(id, room, send, UNAVAILABLE);
  }

  /** Runs a script, behind the messages that were sent before. */
  run(name: ScriptName, ...args: (string | number)[]): Promise<unknown> {
    this.links.flush();
    return this.connection.run(name, ...args);
  }

  /** Removes the seat of a peer of this node from Redis. `nodes` are told, should Redis know nothing of it. */
  giveUp(id: string, room: string, nodes: readonly string[]): void {
    this.chores.drop(`tickets ${id}`);
    this.chores.drop(`restore ${id}`);
    this.chores.add(leaving(id, room), () => this.run("leave", room, id, nodes.join(",")));
  }

  /** There is a connection again; `isNew`: to a Redis that knows nothing. */
  private open(isNew: boolean): void {
    if (isNew) {
      this.leases.begin(this.state === undefined);
      for (const id of this.roster.ownIds) this.restore(id);
    }
    this.links.repeat();
    this.links.confirmAll(isNew);
    this.chores.retry();
    this.failure = undefined;
    this.noteState();
  }

  private restore(id: string): void {
    this.chores.add(`restore ${id}`, async () => {
      const { roster } = this;
      const room = roster.roomOf(id);
      const member = room === undefined ? undefined : roster.get(room, id);
      if (room === undefined || !member) return "ok";
      const rest = ["", 0, "", roster.ticketsOf(id), roster.nodesOf(room).join(",")] as const;
      return this.run("seat", "restore", room, id, ...argumentsOf(member), ...rest);
    });
  }

  /** Compares every room with Redis, which has more to say than this node has heard. */
  private compareAll(): void {
    for (const room of this.roster.names) {
      this.chores.add(`compare ${room}`, () => this.run("sync", room, ""));
    }
  }

  /** What is done every now and then. */
  private keepUp(): void {
    this.noteState();
    if (!this.leases.isAvailable) return;
    this.links.flush();
    this.links.confirmAll();
    this.chores.retry();
    this.connection.trim();
    if (performance.now() - this.touchedAtMs < TOUCH_MS) return;
    this.touchedAtMs = performance.now();
    const rooms = this.roster.names;
    while (rooms.length > 0) {
      this.run("touch", ...rooms.splice(0, TOUCHED_AT_ONCE)).catch(() => {});
    }
  }

  private noteState(): void {
    const { isAvailable } = this.leases;
    // Before the first answer, each reason is told once.
    const state = isAvailable ? "ok" : this.state && "unavailable";
    const isNews = state !== this.state || (!state && this.failure !== this.toldFailure);
    if (!isNews) return;
    this.state = state;
    this.toldFailure = this.failure;
    this.onChange(isAvailable, this.failure);
  }
}

/** The key of the chore to give up a seat. */
export const leaving = (id: string, room: string) => `leave ${id} ${room}`;
