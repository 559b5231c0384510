/** Sending to peers. */

import type { ServerToClientEvents } from "../protocol/messages.ts";
import type { Member, RoomRegistry } from "../rooms/registry.ts";
import type { Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";
import type { SignalingIo, SignalingSocket } from "./socket.ts";

type Events = ServerToClientEvents;

/** Sends an event to exactly these peers. */
export type Deliver = <Name extends keyof Events>(
  members: readonly Member[],
  event: Name,
  ...args: Parameters<Events[Name]>
) => void;

/** Events that aren't kept for a peer whose connection is lost. */
const UNCOUNTED: ReadonlySet<string> = new Set<keyof Events>(["user_metadata"]);

/**
 * Creates the function that sends to peers, each by its own connection. Socket.IO's rooms aren't used; the registry
 * is the only record of who is where. A peer that can resume gets what it has missed when it is back. Members of other
 * nodes are sent to by the registry.
 */
export function createDelivery(io: SignalingIo, sessions: Sessions, rooms: RoomRegistry): Deliver {
  return (members, event, ...args) => {
    let frame: string | undefined;
    const others: string[] = [];
    let elsewhere: Member[] | undefined;
    for (const member of members) {
      if (member.node !== undefined) {
        elsewhere ??= [];
        elsewhere.push(member);
        continue;
      }
      const { id } = member.peer;
      const session = sessions.get(id);
      if (!session?.outbox) {
        others.push(session?.socket?.id ?? id);
        continue;
      }
      frame ??= encode(event, args);
      sendTo(session, event, frame, sessions);
    }
    if (elsewhere) rooms.send(elsewhere, peerIn(args), event, frame ?? encode(event, args));
    const [first] = others;
    // Socket.IO takes an empty list to mean everyone.
    if (first === undefined) return;
    // For a single peer, the socket itself is faster than the adapter.
    const socket = others.length === 1 ? io.sockets.sockets.get(first) : undefined;
    (socket ?? io.to(others)).emit(event, ...args);
  };
}

/** Sends what another node has encoded for peers of this one. */
export function deliverEncoded(
  sessions: Sessions,
  ids: readonly string[],
  event: string,
  frame: string,
): void {
  for (const id of ids) {
    const session = sessions.get(id);
    if (session?.outbox) sendTo(session, event, frame, sessions);
    else {
      const socket = sessions.socketOf(id);
      if (socket) write(socket, frame);
    }
  }
}

function sendTo(session: Session, event: string, frame: string, sessions: Sessions): void {
  if (!UNCOUNTED.has(event)) {
    session.outbox?.add(frame);
    sessions.waiting.makeRoom(session);
  }
  if (session.socket) write(session.socket, frame);
}

/** Sends a message that is encoded already. */
export function write(socket: SignalingSocket, frame: string): void {
  if (socket.connected) socket.conn.write(frame);
}

/** The peer that a message is from, or about: it stands in the last argument. */
function peerIn(args: readonly unknown[]): string {
  const last = args.at(-1);
  if (!(last instanceof Object)) return "";
  return String("from" in last ? last.from : "id" in last ? last.id : "");
}

/** Encodes an EVENT packet for the namespace "/" (Socket.IO protocol 5). Our events have no attachments. */
function encode(event: string, args: readonly unknown[]): string {
  return `2${JSON.stringify([event, ...args])}`;
}
