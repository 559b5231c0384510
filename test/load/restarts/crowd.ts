/** Peers in rooms of four that stay, whatever becomes of their server. */

import { SignalingClient } from "../../../src/client/index.ts";

export const ROOM_SIZE = 4;
/** How many join at the same time. */
const AT_ONCE = 50;
/** For the last message to be heard, and between two looks. */
const HEARD_MS = 5_000;
const POLL_MS = 20;

/** What the peers have been through since the last time it was asked. */
export interface Seen {
  /** When each came back, in milliseconds of performance.now(). */
  backAt: number[];
  /** How long each was without its seat, in milliseconds. */
  outagesMs: number[];
  exits: number;
  joins: number;
  /** Peers that don't know exactly the other three of their room, or have another id. */
  astray: number;
}

export interface CrowdOptions {
  /** Whether who has lost its seat joins anew. */
  rejoins?: boolean;
  /** Which ones don't ask for a ticket. */
  isPlain?: (n: number) => boolean;
}

class Member {
  readonly client: SignalingClient;
  readonly room: string;
  readonly others = new Set<string>();
  id = "";
  /** How many messages it has got. */
  heard = 0;
  lostAt: number | undefined;

  constructor(url: string, room: string, resume: boolean) {
    this.client = new SignalingClient(url, { transports: ["websocket"], resume });
    this.room = room;
  }

  async join(): Promise<void> {
    const { self } = await this.client.join(this.room);
    this.id = self.id;
  }
}

export class Crowd {
  private readonly members: Member[];
  private readonly rejoins: boolean;
  private backAt: number[] = [];
  private outagesMs: number[] = [];
  private exits = 0;
  private joins = 0;
  private wake = () => {};

  /** @param url of the server, or that of each peer */
  static async seat(
    url: string | ((n: number) => string),
    count: number,
    options: CrowdOptions = {},
  ): Promise<Crowd> {
    const crowd = new Crowd(typeof url === "string" ? () => url : url, count, options);
    let next = 0;
    const worker = async () => {
      for (let n = next++; n < count; n = next++) await crowd.members[n]?.join();
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await crowd.meet();
    for (const member of crowd.members) crowd.mind(member);
    crowd.take();
    return crowd;
  }

  private constructor(
    urlOf: (n: number) => string,
    count: number,
    { rejoins = false, isPlain = () => false }: CrowdOptions,
  ) {
    this.rejoins = rejoins;
    this.members = Array.from({ length: count }, (_, n) => {
      const room = `restarts-${Math.floor(n / ROOM_SIZE)}`;
      return new Member(urlOf(n), room, !isPlain(n));
    });
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

  /** How many have no connection and seat at the moment. */
  get away(): number {
    return this.members.filter(({ client, lostAt }) => !client.connected || lostAt !== undefined)
      .length;
  }

  /** Everyone sends something to their room; gives how many it didn't reach the three others from, or to. */
  async meet(): Promise<number> {
    for (const member of this.members) member.heard = 0;
    const delivered = await Promise.all(
      this.members.map(({ client }) =>
        client.sendCandidates([null]).then(
          ({ delivered }) => delivered,
          () => 0,
        ),
      ),
    );
    const isDeaf = ({ heard }: Member) => heard !== ROOM_SIZE - 1;
    for (const end = performance.now() + HEARD_MS; performance.now() < end; ) {
      if (!this.members.some(isDeaf)) break;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return this.members.filter((member, n) => delivered[n] !== ROOM_SIZE - 1 || isDeaf(member))
      .length;
  }

  /** How many don't know exactly the other three of their room, or have another id. */
  get astray(): number {
    const idsOf = new Map<string, Set<string>>();
    for (const { room, id } of this.members) {
      idsOf.set(room, (idsOf.get(room) ?? new Set()).add(id));
    }
    return this.members.filter(({ client, room, id, others }) => {
      const ids = idsOf.get(room) ?? new Set();
      const knows = [...others].filter((other) => other !== id && ids.has(other)).length;
      return client.id !== id || others.size !== knows || knows !== ROOM_SIZE - 1;
    }).length;
  }

  /** Gives what was seen, and begins anew. */
  take(): Seen {
    const { backAt, outagesMs, exits, joins, astray } = this;
    this.backAt = [];
    this.outagesMs = [];
    this.exits = 0;
    this.joins = 0;
    return { backAt, outagesMs, exits, joins, astray };
  }

  close(): void {
    for (const { client } of this.members) client.close();
  }

  private follow(member: Member): void {
    const { client, others } = member;
    const know = (users: { id: string }[]) => {
      others.clear();
      for (const { id } of users) others.add(id);
      if (member.lostAt !== undefined) this.outagesMs.push(performance.now() - member.lostAt);
      member.lostAt = undefined;
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
    client.addEventListener("candidate", () => member.heard++);
  }

  /** From now on, notes when it loses its connection, and sees to it that it comes back. */
  private mind(member: Member): void {
    const { client } = member;
    client.addEventListener("disconnect", () => {
      member.lostAt ??= performance.now();
    });
    if (!this.rejoins) return;
    const rejoin = () => {
      // Lost again, it comes here again. Refused, it tries again.
      member.join().catch(() => {
        setTimeout(() => client.connected && member.lostAt !== undefined && rejoin(), POLL_MS);
      });
    };
    client.addEventListener("connect", rejoin);
  }
}
