/** A registry that keeps its promises late, as one shared over a network would. */

import type { Metadata } from "../../src/protocol/messages.ts";
import type {
  Departure,
  JoinOutcome,
  Member,
  RoomListeners,
  RoomRegistry,
  Route,
} from "../../src/rooms/registry.ts";

/** Delays each call and each answer by 0 to 3 turns of the event loop, from `random` in [0, 1). */
export class SlowRooms implements RoomRegistry {
  private readonly inner: RoomRegistry;
  private readonly random: () => number;
  private answered: Promise<unknown> = Promise.resolve();
  private underWay = 0;

  constructor(inner: RoomRegistry, random: () => number) {
    this.inner = inner;
    this.random = random;
  }

  join = (member: Member, room: string): Promise<JoinOutcome> =>
    this.slowly(() => this.inner.join(member, room));
  setMetadata = (id: string, metadata: Metadata): Promise<Route> =>
    this.slowly(() => this.inner.setMetadata(id, metadata));
  leave = (id: string): Promise<Departure | undefined> => this.slowly(() => this.inner.leave(id));
  roomOf = (id: string): Promise<string | undefined> => this.slowly(() => this.inner.roomOf(id));
  route = (from: string, to?: string): Promise<Route> =>
    this.slowly(() => this.inner.route(from, to));
  count = () => this.slowly(() => this.inner.count());
  sizes = () => this.slowly(() => this.inner.sizes());
  askOthers = (room: string) => this.inner.askOthers(room);
  membersHere = (room: string) => this.slowly(() => this.inner.membersHere(room));
  membersOf = (room: string) => this.slowly(() => this.inner.membersOf(room));
  closeRoom = (room: string, seconds: number) =>
    this.slowly(() => this.inner.closeRoom(room, seconds));
  find = (id: string) => this.slowly(() => this.inner.find(id));
  claim = (id: string, room: string, ticket: string) =>
    this.slowly(() => this.inner.claim(id, room, ticket));
  setTickets = (id: string, tickets: readonly string[]) => this.inner.setTickets(id, tickets);
  send = (members: readonly Member[], peer: string, event: string, text: string) =>
    this.inner.send(members, peer, event, text);
  listen = (listeners: RoomListeners) => this.inner.listen(listeners);
  close = () => this.inner.close();

  /** Resolves when no call is under way. */
  async idle(): Promise<void> {
    while (this.underWay > 0) await turn();
  }

  private async slowly<T>(call: () => T | Promise<T>): Promise<T> {
    this.underWay++;
    await this.turns();
    // Calls of different sockets overtake each other; answers come in the order of the changes.
    const answer = Promise.all([call(), this.answered]).then(async ([result]) => {
      await this.turns();
      return result;
    });
    this.answered = answer;
    return answer.finally(() => this.underWay--);
  }

  private async turns(): Promise<void> {
    for (let left = Math.floor(this.random() * 4); left > 0; left--) await turn();
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
