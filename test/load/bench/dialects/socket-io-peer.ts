/** A peer on a Socket.IO 4 server, its frames made by hand: the events of the protocol, with a target or without. */

import type { Message } from "../call.ts";
import { Connection } from "../connection.ts";
import type { Peer } from "./dialect.ts";
import { Frames } from "./frames.ts";

/** Followed by the transport, and by the session if there is one already. */
export const PATH = "/socket.io/?EIO=4&transport=";
/** The byte of `42["getOffer"`, and of no other event, that tells what was relayed. */
const RELAYED = { at: 4, byte: 0x67 };
const PING = 0x32;
/** Of the acknowledgements that a join may ask for. */
const LAST_JOIN_ACK_ID = 2;

export class SocketIoPeer implements Peer {
  id = "";
  ticket: string | undefined;
  joinedAt = 0;
  onArrival: (bytes: number) => void = () => {};
  onEnd: () => void = () => {};
  readonly connection: Connection;
  readonly frames: Frames;
  private readonly targeted: boolean;
  private lastAckId = LAST_JOIN_ACK_ID;

  /** Opens the WebSocket at this URL; nobody has joined by it. */
  static async open(
    url: URL,
    targeted: boolean,
    { frames = new Frames(), limitMs }: { frames?: Frames; limitMs?: number | undefined } = {},
  ): Promise<SocketIoPeer> {
    return new SocketIoPeer(await Connection.open(url, limitMs), targeted, frames);
  }

  private constructor(connection: Connection, targeted: boolean, frames: Frames) {
    this.connection = connection;
    this.targeted = targeted;
    this.frames = frames;
    const end = () => {
      frames.end();
      this.onEnd();
    };
    connection.listen((text) => this.receive(text), end);
  }

  /**
   * The join, or the resume, is answered.
   *
   * @throws Error if it is refused
   */
  take(answer: Answer): void {
    if (answer.error) throw new Error(`join: ${answer.error.code}`);
    this.joinedAt = performance.now();
    this.id = answer.self?.id ?? this.id;
    this.ticket = answer.resume?.ticket;
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
    else if (this.frames.areAwaited) this.frames.take(text.toString());
  }
}

/** The session that Engine.IO names, or the socket that Socket.IO does. */
export function sidOf(frame: string): string {
  const { sid }: { sid: string } = JSON.parse(frame.slice(frame.indexOf("{")));
  return sid;
}

/** What a server may answer to a join. A bare one has nothing to say. */
interface Answer {
  error?: { code: string };
  self?: { id: string };
  resume?: { ticket: string };
}

/** The answer in an acknowledgement, or in an event that has no other argument. */
export function answerOf(frame: string): Answer {
  const content: unknown[] = JSON.parse(frame.slice(frame.indexOf("[")));
  const answer = content.at(-1);
  return typeof answer === "object" && answer !== null ? answer : {};
}
