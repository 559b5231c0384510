/** The PeerJS server, spoken to as PeerJS 1.5 does. It has no rooms: every message names a peer. */

import { randomUUID } from "node:crypto";
import type { Message } from "../call.ts";
import { Connection } from "../connection.ts";
import { get } from "../http.ts";
import type { Peer, Return, Via } from "./dialect.ts";

class PeerJsPeer implements Peer {
  readonly id: string;
  joinedAt = 0;
  onArrival: (bytes: number) => void = () => {};
  onEnd: () => void = () => {};
  private readonly connection: Connection;
  private readonly connectionId = `mc_${randomUUID().slice(0, 11)}`;

  constructor(connection: Connection, id: string) {
    this.connection = connection;
    this.id = id;
  }

  /** Resolves with the server's OPEN. */
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

  send({ kind, payload }: Message, to: Peer): void {
    const { connectionId } = this;
    const member = kind === "candidate" ? "candidate" : "sdp";
    const wrapped = `{"${member}":${payload},"type":"media","connectionId":"${connectionId}"}`;
    const type = kind.toUpperCase();
    this.connection.send(`{"type":"${type}","payload":${wrapped},"dst":"${to.id}"}`);
  }

  sendAll(message: Message, others: readonly Peer[]): void {
    for (const other of others) this.send(message, other);
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}

/** By default the client asks for an id over HTTP first; `reconnect()` keeps the one that it had. */
export async function joinPeerJs(
  url: string,
  _room: string,
  via: Via,
  back?: Return,
): Promise<Peer> {
  const id = back?.seat.id ?? (via === "default" ? await get(`${url}/peerjs/id`) : randomUUID());
  const token = randomUUID().slice(0, 11);
  const query = new URLSearchParams({ key: "peerjs", id, token, version: "1.5.5" });
  const address = new URL(`/peerjs?${query}`, url);
  const peer = new PeerJsPeer(await Connection.open(address, back?.openLimitMs), id);
  await peer.untilJoined();
  return peer;
}
