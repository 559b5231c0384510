/**
 * The room registry of several nodes. Redis has the seats and carries the news; each node has a copy of the rooms that
 * it has members in. What happens to a room reaches a node by its inbox alone, the outcome of its own joins included:
 * so everything is told in the order in which it has happened.
 */

import type { Metadata } from "../protocol/messages.ts";
import { UNAVAILABLE } from "./redis/answer.ts";
import type { StoreState } from "./redis/availability.ts";
import { RedisNode } from "./redis/node.ts";
import type { RedisRoomDeps, RedisRoomOptions } from "./redis/options.ts";
import { NO_TICKETS } from "./redis/roster.ts";
import { argumentsOf, parseSeat } from "./redis/seats.ts";
import { type NodeStatus, statusOf } from "./redis/status.ts";
import type {
  ClaimOutcome,
  Departure,
  JoinOutcome,
  Member,
  RoomListeners,
  RoomRegistry,
  Route,
} from "./registry.ts";

export type { NodeStatus, RedisRoomOptions, StoreState };

/** Keeps rooms and their members in Redis, for all nodes that have the same Redis and prefix. */
export class RedisRoomRegistry implements RoomRegistry {
  private readonly node: RedisNode;
  private readonly resumeGraceMs: number;

  constructor(options: RedisRoomOptions, deps: RedisRoomDeps) {
    this.resumeGraceMs = options.resumeGraceMs;
    this.node = new RedisNode(options, deps);
  }

  /** Whether Redis can be reached. */
  get store(): StoreState {
    return this.node.availability.state;
  }

  /** How it is with Redis, for an operator. */
  get status(): NodeStatus {
    return statusOf(this.node);
  }

  listen(listeners: RoomListeners): void {
    this.node.inbox.listeners = listeners;
  }

  async join(member: Member, room: string): Promise<JoinOutcome> {
    const { id } = member.peer;
    const outcome = await this.node.ask("join", id, room, argumentsOf(member));
    if (!outcome.ok) {
      const { code } = outcome;
      return code === "room_full" || code === "room_closed" ? { ok: false, code } : UNAVAILABLE;
    }
    this.node.roster.setTickets(id, NO_TICKETS);
    return outcome;
  }

  async setMetadata(id: string, metadata: Metadata): Promise<Route> {
    const room = this.node.roster.roomOf(id);
    const member = room === undefined ? undefined : this.node.roster.get(room, id);
    if (room === undefined || !member) return { ok: false, code: "not_in_room" };
    const changed = { ...member, peer: { ...member.peer, metadata } };
    const outcome = await this.node.ask("update", id, room, argumentsOf(changed));
    return outcome.ok ? { ok: true, receivers: outcome.others } : UNAVAILABLE;
  }

  async claim(id: string, room: string, ticket: string): Promise<ClaimOutcome> {
    const outcome = await this.node.ask("claim", id, room, ["r", ""], ticket);
    if (outcome.ok) {
      if (outcome.departure) this.node.inbox.listeners?.left(outcome.departure);
      return { ok: true };
    }
    const { code } = outcome;
    if (code === "seated_here" || code === "resume_failed") return { ok: false, code };
    if (code !== "not_in_room") return UNAVAILABLE;
    // Only a Redis that was restarted may have forgotten a seat.
    const mayHaveForgotten = this.node.connection.redisUptimeMs <= this.resumeGraceMs;
    return { ok: false, code: mayHaveForgotten ? code : "resume_failed" };
  }

  async leave(id: string): Promise<Departure | undefined> {
    // Whatever becomes of these, the peer is gone.
    for (const asked of this.node.requests.drop(id, UNAVAILABLE)) this.node.giveUp(id, asked, []);
    const room = this.node.roster.roomOf(id);
    if (room === undefined) return undefined;
    const nodes = this.node.roster.nodesOf(room);
    const departure = this.node.roster.vacate(room, id);
    this.node.giveUp(id, room, nodes);
    return departure;
  }

  async roomOf(id: string): Promise<string | undefined> {
    return this.node.roster.roomOf(id);
  }

  route(from: string, to?: string): Route {
    const room = this.node.roster.roomOf(from);
    if (room === undefined) return { ok: false, code: "not_in_room" };
    if (to === undefined) return { ok: true, receivers: this.node.roster.others(room, from) };
    const receiver = to === from ? undefined : this.node.roster.get(room, to);
    return receiver ? { ok: true, receivers: [receiver] } : { ok: false, code: "peer_not_found" };
  }

  async count(): Promise<{ rooms: number; peers: number }> {
    return this.node.roster.size;
  }

  async sizes(): Promise<ReadonlyMap<string, number>> {
    const sizes = new Map<string, number>();
    for (const room of strings(await asked(this.node.run("list")))) {
      sizes.set(room, (sizes.get(room) ?? 0) + 1);
    }
    return sizes;
  }

  async membersOf(room: string): Promise<Member[]> {
    if (this.node.roster.has(room)) return this.node.roster.members(room);
    return asked(this.node.readMembers(room));
  }

  async membersHere(room: string): Promise<Member[]> {
    return this.node.roster.members(room).filter(({ node }) => node === undefined);
  }

  async find(id: string): Promise<Member | undefined> {
    const room = this.node.roster.roomOf(id);
    if (room !== undefined) return this.node.roster.get(room, id);
    const [itsRoom, text] = strings(await asked(this.node.run("find", id)));
    if (itsRoom === undefined || text === undefined) return undefined;
    return parseSeat(itsRoom, text, this.node.connection.node).member;
  }

  async closeRoom(room: string, seconds: number): Promise<Member[]> {
    await asked(this.node.connection.closeRoom(room, Math.ceil(seconds * 1_000)));
    // From Redis: a join may have run just before, whose outcome this node hasn't read yet.
    return asked(this.node.readMembers(room));
  }

  setTickets(id: string, tickets: readonly string[]): void {
    this.node.roster.setTickets(id, tickets.join(",") || NO_TICKETS);
    this.node.noteTickets(id);
  }

  send(members: readonly Member[], peer: string, event: string, text: string): void {
    const byNode = new Map<string, { room: string; ids: string[] }>();
    for (const { node, room, peer } of members) {
      if (node === undefined || room === undefined) continue;
      const message = byNode.get(node);
      if (message) message.ids.push(peer.id);
      else byNode.set(node, { room, ids: [peer.id] });
    }
    for (const [node, to] of byNode) this.node.outgoing.send(node, { ...to, peer, event, text });
  }

  askOthers(room: string): Promise<string[]> {
    return this.node.questions.ask(room, this.node.leases.others);
  }

  close(): Promise<void> {
    return this.node.close();
  }
}

/** An answer for the application; ioredis' own errors speak of its streams and queues. */
async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    const error = new Error("the rooms can't be reached: Redis doesn't answer", { cause });
    throw Object.assign(error, { code: "unavailable" });
  }
}

/** The strings of an answer of Redis. */
function strings(answer: unknown): string[] {
  return Array.isArray(answer) ? answer.map(String) : [];
}
