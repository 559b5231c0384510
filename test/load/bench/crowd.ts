/** Many peers in rooms of one size. */

import type { Join, Peer, Via } from "./dialects/dialect.ts";

/** How many connect at the same time. */
const AT_ONCE = 50;

export class Crowd {
  /** Each room's peers, in the order they joined. */
  readonly rooms: readonly (readonly Peer[])[];
  private failure: Error | undefined;

  /** Connects and seats `count` peers; rejects when the server turns one away. */
  static async gather(
    join: (room: string) => Promise<Peer>,
    { count, roomSize }: { count: number; roomSize: number },
  ): Promise<Crowd> {
    const peers: Peer[] = [];
    let next = 0;
    const worker = async () => {
      while (next < count) {
        const index = next++;
        peers[index] = await join(`room-${Math.floor(index / roomSize)}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return new Crowd(peers, roomSize);
  }

  private constructor(peers: readonly Peer[], roomSize: number) {
    this.rooms = Array.from({ length: peers.length / roomSize }, (_, room) =>
      peers.slice(room * roomSize, (room + 1) * roomSize),
    );
    for (const peer of peers) {
      peer.onEnd = () => this.fail("the server ended a connection");
    }
  }

  /** Says what went wrong; whoever waits is told. */
  fail(what: string): void {
    this.failure ??= new Error(what);
  }

  /** Resolves when `isDone`, and rejects when a peer was lost or `limitMs` are over. */
  async until(isDone: () => boolean, limitMs: number, what: string): Promise<void> {
    const end = performance.now() + limitMs;
    while (!isDone()) {
      if (this.failure) throw this.failure;
      if (performance.now() > end) throw new Error(`${what}: not done after ${limitMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  async leave(): Promise<void> {
    await Promise.all(this.rooms.flat().map((peer) => peer.close()));
  }
}

/** Joins for {@link Crowd.gather}, to one server by one way. */
export const joinBy = (join: Join, url: string, via: Via) => (room: string) => join(url, room, via);
