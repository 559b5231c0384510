/** Socket.IO 4, its frames made by hand: the events of the protocol, with a target or without. */

import type { Message } from "../call.ts";
import { Connection } from "../connection.ts";
import { get, post } from "../http.ts";
import type { Join, Peer } from "./dialect.ts";

const TRANSPORT = "/socket.io/?EIO=4&transport=";
/** The byte of `42["getOffer"`, and of no other event, that tells what was relayed. */
const RELAYED = { at: 4, byte: 0x67 };
const PING = 0x32;

class SocketIoPeer implements Peer {
  id = "";
  onArrival: (bytes: number) => void = () => {};
  onEnd: () => void = () => {};
  readonly connection: Connection;
  private readonly targeted: boolean;
  private readonly waiting: { start: string; resolve: (frame: string) => void }[] = [];
  private lastAckId = 1;

  constructor(connection: Connection, targeted: boolean) {
    this.connection = connection;
    this.targeted = targeted;
    connection.listen(
      (text) => this.receive(text),
      () => this.onEnd(),
    );
  }

  /** The next frame that starts so. */
  next(start: string): Promise<string> {
    return new Promise((resolve) => this.waiting.push({ start, resolve }));
  }

  send({ kind, payload, acknowledged }: Message, to: Peer): void {
    const ackId = acknowledged ? ++this.lastAckId : "";
    const target = this.targeted ? `,{"to":"${to.id}"}` : "";
    this.connection.send(`42${ackId}["${kind}",${payload}${target}]`);
  }

  sendAll({ kind, payload }: Message): void {
    this.connection.send(`42["${kind}",${payload}]`);
  }

  close(): Promise<void> {
    // Otherwise the seat of a peer that can resume is kept.
    this.connection.send("41");
    return this.connection.close();
  }

  private receive(text: Buffer): void {
    if (text[RELAYED.at] === RELAYED.byte) this.onArrival(text.length);
    else if (text.length === 1 && text[0] === PING) this.connection.send("3");
    else if (this.waiting.length > 0) this.resolveNext(text.toString());
  }

  private resolveNext(frame: string): void {
    const index = this.waiting.findIndex(({ start }) => frame.startsWith(start));
    if (index >= 0) this.waiting.splice(index, 1)[0]?.resolve(frame);
  }
}

/**
 * @param targeted whether a message names the peer it is for
 * @param request what else `join` is given
 */
export const createSocketIoJoin =
  ({ targeted, request = {} }: { targeted: boolean; request?: object }): Join =>
  async (url, room, via) => {
    const peer = via === "default" ? await upgrade(url, targeted) : await open(url, targeted);
    const joined = peer.next("431[");
    peer.connection.send(`421["join",${JSON.stringify({ room, ...request })}]`);
    await joined;
    return peer;
  };

async function open(url: string, targeted: boolean): Promise<SocketIoPeer> {
  const peer = await connect(url, targeted, `${TRANSPORT}websocket`);
  const connected = peer.next("40{");
  peer.connection.send("40");
  peer.id = sidOf(await connected);
  return peer;
}

/** What socket.io-client does when nothing is set: polling first, then an upgrade that it probes. */
async function upgrade(url: string, targeted: boolean): Promise<SocketIoPeer> {
  const sid = sidOf(await get(`${url}${TRANSPORT}polling`));
  const polling = `${url}${TRANSPORT}polling&sid=${sid}`;
  const poll = get(polling);
  await post(polling, "40");
  const id = sidOf(await poll);
  // The server ends this one when the upgrade begins.
  const lastPoll = get(polling);
  const peer = await connect(url, targeted, `${TRANSPORT}websocket&sid=${sid}`);
  const probed = peer.next("3probe");
  peer.connection.send("2probe");
  await probed;
  await lastPoll;
  peer.connection.send("5");
  peer.id = id;
  return peer;
}

async function connect(url: string, targeted: boolean, path: string): Promise<SocketIoPeer> {
  return new SocketIoPeer(await Connection.open(new URL(path, url)), targeted);
}

function sidOf(frame: string): string {
  const { sid }: { sid: string } = JSON.parse(frame.slice(frame.indexOf("{")));
  return sid;
}
