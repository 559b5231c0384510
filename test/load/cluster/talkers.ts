/** Peers in rooms of three, two of them at one node and the third at the next, that send each other numbers. */

import { Wire } from "../../server/resume/racer.ts";
import type { Cluster } from "../../support/nodes.ts";
import { createRandom, type Random } from "../../support/random.ts";
import { Book } from "../cuts/book.ts";

/** What nobody may be told because of Redis. */
const NEWS = ["user_joined", "user_exit", "user_away", "user_back", "signal_error"];
const TICK_MS = 5;

/** A message that has arrived; times are in milliseconds of performance.now(). */
interface Arrival {
  sentAt: number;
  tookMs: number;
  isLocal: boolean;
}

class Talker {
  readonly name: string;
  readonly node: number;
  others: Talker[] = [];
  id = "";
  isListening = false;
  private readonly talk: Talk;
  private readonly isResumable: boolean;
  private wire: Wire | undefined;

  constructor(talk: Talk, room: number, n: number, node: number) {
    this.talk = talk;
    this.name = `${room}/${n}`;
    this.node = node;
    // Of each two, one would be missed at once, and the other is told everything.
    this.isResumable = (room + n) % 2 === 0;
  }

  /** Joins; for a second time, it is answered as at first, and nobody is told. Gives who is there. */
  async join(url: string): Promise<Set<string>> {
    if (!this.wire) {
      this.wire = await Wire.open(url, (name, args) => this.hear(name, args));
      void this.wire.closed.then(() => this.isListening && this.talk.tell(`${this.name}: closed`));
    }
    const [room] = this.name.split("/");
    const request = { room: `talk-${room}`, resume: this.isResumable };
    const answer = await this.wire.ask("join", request);
    if (!answer?.ok) return new Set();
    this.id = answer.self.id;
    return new Set(answer.users.map(({ id }) => id));
  }

  /** Sends the next number to one of the others, or to both. */
  say(random: Random): void {
    const { talk, others, name } = this;
    const to = random.chance(0.5) ? random.pick(others) : undefined;
    const receivers = to ? [to] : others;
    const numbers = receivers.map((other) => [other.name, talk.book.send(name, other.name)]);
    const text = JSON.stringify([name, performance.now(), Object.fromEntries(numbers)]);
    const target = to ? { to: to.id } : {};
    this.wire?.send(`42${JSON.stringify(["candidate", { candidate: text }, target])}`);
  }

  close(): void {
    this.isListening = false;
    this.wire?.lose("end");
  }

  private hear(name: string, args: unknown[]): void {
    const { talk } = this;
    if (name === "getCandidate") {
      const [{ candidate }] = args as [{ candidate: string }];
      const [from, sentAt, numbers]: [string, number, Record<string, number>] =
        JSON.parse(candidate);
      talk.book.receive(from, this.name, numbers[this.name] ?? Number.NaN);
      const isLocal = this.others.some((other) => other.name === from && other.node === this.node);
      talk.arrivals.push({ sentAt, tookMs: performance.now() - sentAt, isLocal });
    } else if (this.isListening && NEWS.includes(name)) {
      talk.tell(`${this.name}: ${name} ${JSON.stringify(args)}`);
    }
  }
}

/** All of them together. */
export class Talk {
  readonly book = new Book();
  readonly arrivals: Arrival[] = [];
  /** What somebody was told that nobody should be. */
  readonly news: string[] = [];
  private readonly cluster: Cluster;
  private readonly talkers: Talker[];
  private readonly random: Random;
  private timer: NodeJS.Timeout | undefined;

  /** Two rooms for each node. */
  static async begin(cluster: Cluster, seed: number): Promise<Talk> {
    const talk = new Talk(cluster, seed);
    for (const talker of talk.talkers) await talker.join(cluster.url(talker.node));
    return talk;
  }

  private constructor(cluster: Cluster, seed: number) {
    this.cluster = cluster;
    this.random = createRandom(seed);
    const { length } = cluster.nodes;
    const rooms = Array.from({ length: 2 * length }, (_, room) =>
      [room, room, room + 1].map((node, n) => new Talker(this, room, n, node % length)),
    );
    for (const room of rooms) {
      for (const talker of room) talker.others = room.filter((other) => other !== talker);
    }
    this.talkers = rooms.flat();
  }

  /** Begins to send so many messages a second, all together. From now on nobody may be told of anything else. */
  start(perSecond: number): void {
    for (const talker of this.talkers) talker.isListening = true;
    const startAt = performance.now();
    let said = 0;
    this.timer = setInterval(() => {
      const due = ((performance.now() - startAt) * perSecond) / 1_000;
      for (; said < due; said++) this.random.pick(this.talkers).say(this.random);
    }, TICK_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** How many of them are told by the server that others are there than their two. */
  async wrongRosters(): Promise<number> {
    const rosters = await Promise.all(
      this.talkers.map(async (talker) => {
        const users = await talker.join(this.cluster.url(talker.node));
        return users.size === 2 && talker.others.every(({ id }) => users.has(id));
      }),
    );
    return rosters.filter((isRight) => !isRight).length;
  }

  tell(text: string): void {
    this.news.push(text);
  }

  /** How long messages took that were sent within this time, to the same node or to another one. */
  tookMs(isLocal: boolean, from: number, to: number): number[] {
    return this.arrivals
      .filter((arrival) => arrival.isLocal === isLocal)
      .filter(({ sentAt }) => sentAt >= from && sentAt < to)
      .map(({ tookMs }) => tookMs);
  }

  close(): void {
    this.stop();
    for (const talker of this.talkers) talker.close();
  }
}
