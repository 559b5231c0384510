/** Sending to peers. */

import type { ServerToClientEvents } from "../protocol/messages.ts";
import type { Member, RoomRegistry } from "../rooms/registry.ts";
import type { Sessions } from "./sessions.ts";
import type { SignalingSocket } from "./socket.ts";

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
export function createDelivery(sessions: Sessions, rooms: RoomRegistry): Deliver {
  return (members, event, ...args) => {
    if (members.length === 0) return;
    const frame = encode(event, args);
    let elsewhere: Member[] | undefined;
    for (const member of members) {
      if (member.node === undefined) sendTo(sessions, member.peer.id, event, frame);
      else if (elsewhere) elsewhere.push(member);
      else elsewhere = [member];
    }
    if (elsewhere) rooms.send(elsewhere, peerIn(args), event, frame);
  };
}

/** Sends what another node has encoded for peers of this one. */
export function deliverEncoded(
  sessions: Sessions,
  ids: readonly string[],
  event: string,
  frame: string,
): void {
  for (const id of ids) sendTo(sessions, id, event, frame);
}

function sendTo(sessions: Sessions, id: string, event: string, frame: string): void {
  const session = sessions.get(id);
  if (session?.outbox && !UNCOUNTED.has(event)) {
    session.outbox.add(frame);
    sessions.waiting.makeRoom(session);
  }
  const socket = session ? session.socket : sessions.socketOf(id);
  if (socket) write(socket, frame);
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
