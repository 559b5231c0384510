/** Peers in rooms of four that stay, whatever becomes of their server. */

import { SignalingClient } from "../../../src/client/index.ts";

export const ROOM_SIZE = 4;
/** How many join at the same time. */
const AT_ONCE = 50;

/** What the peers have been through since the last time it was asked. */
export interface Seen {
  /** When each came back, in milliseconds of performance.now(). */
  backAt: number[];
  exits: number;
  joins: number;
  /** Peers that don't know exactly the other three of their room, or have another id. */
  astray: number;
}

class Member {
  readonly client: SignalingClient;
  readonly others = new Set<string>();
  id = "";

  constructor(url: string) {
    this.client = new SignalingClient(url, { transports: ["websocket"] });
  }
}

export class Crowd {
  private readonly members: Member[];
  private backAt: number[] = [];
  private exits = 0;
  private joins = 0;
  private wake = () => {};

  static async seat(url: string, count: number): Promise<Crowd> {
    const crowd = new Crowd(url, count);
    let next = 0;
    const worker = async () => {
      for (let n = next++; n < count; n = next++) await crowd.join(n);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await crowd.meet();
    crowd.take();
    return crowd;
  }

  private constructor(url: string, count: number) {
    this.members = Array.from({ length: count }, () => new Member(url));
    for (const member of this.members) this.follow(member);
  }

  /** Resolves when everyone is back, or after so many milliseconds; whether they all are. */
  async back(limitMs: number): Promise<boolean> {
    const isBack = () => this.backAt.length + this.joins >= this.members.length;
    const all = new Promise<void>((resolve) => {
      this.wake = () => isBack() && resolve();
      this.wake();
    });
    await Promise.race([all, new Promise((resolve) => setTimeout(resolve, limitMs).unref())]);
    return isBack();
  }

  /** Everyone sends something to their room; gives how many didn't reach the three others. */
  async meet(): Promise<number> {
    const delivered = await Promise.all(
      this.members.map(({ client }) =>
        client.sendCandidates([null]).then(
          ({ delivered }) => delivered,
          () => 0,
        ),
      ),
    );
    return delivered.filter((count) => count !== ROOM_SIZE - 1).length;
  }

  /** Gives what was seen, and begins anew. */
  take(): Seen {
    const astray = this.members.filter(
      ({ client, id, others }) => client.id !== id || others.size !== ROOM_SIZE - 1,
    ).length;
    const seen = { backAt: this.backAt, exits: this.exits, joins: this.joins, astray };
    this.backAt = [];
    this.exits = 0;
    this.joins = 0;
    return seen;
  }

  close(): void {
    for (const { client } of this.members) client.close();
  }

  private async join(n: number): Promise<void> {
    const member = this.members[n];
    const joined = await member?.client.join(`restarts-${Math.floor(n / ROOM_SIZE)}`);
    if (member && joined) member.id = joined.self.id;
  }

  private follow({ client, others }: Member): void {
    const know = (users: { id: string }[]) => {
      others.clear();
      for (const { id } of users) others.add(id);
      this.wake();
    };
    client.addEventListener("join", ({ users }) => {
      this.joins++;
      know(users);
    });
    client.addEventListener("resume", ({ users }) => {
      this.backAt.push(performance.now());
      know(users);
    });
    client.addEventListener("peerjoin", ({ peer }) => others.add(peer.id));
    client.addEventListener("peerleave", ({ id }) => {
      this.exits++;
      others.delete(id);
    });
  }
}
