/** The bare relay over `ws`: the room stands in the URL, and every message is one to relay. */

import type { Message } from "../call.ts";
import { Connection } from "../connection.ts";
import type { Peer, Return, Via } from "./dialect.ts";

class PlainPeer implements Peer {
  readonly id = "";
  joinedAt = 0;
  onArrival: (bytes: number) => void = () => {};
  onEnd: () => void = () => {};
  private readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Resolves when the server has said that the peer is in. */
  untilJoined(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.onArrival = () => {
        this.joinedAt = performance.now();
        resolve();
      };
      this.onEnd = () => reject(new Error("the server ended the connection"));
      this.connection.listen(
        (text) => this.onArrival(text.length),
        () => this.onEnd(),
      );
    });
  }

  send({ kind, payload }: Message): void {
    this.connection.send(`["${kind}",${payload}]`);
  }

  sendAll(message: Message): void {
    this.send(message);
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}

export async function joinPlain(
  url: string,
  room: string,
  _via: Via,
  back?: Return,
): Promise<Peer> {
  const address = new URL(`/?room=${room}`, url);
  const peer = new PlainPeer(await Connection.open(address, back?.openLimitMs));
  await peer.untilJoined();
  return peer;
}
