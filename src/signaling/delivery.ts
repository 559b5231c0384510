/** Sending to peers. */

import type { ServerToClientEvents } from "../protocol/messages.ts";
import type { Member } from "../rooms/registry.ts";
import type { SignalingIo, SignalingSocket } from "./dispatch.ts";
import type { Sessions } from "./sessions.ts";

type Events = ServerToClientEvents;

/** Sends an event to exactly these peers. */
export type Deliver = <Name extends keyof Events>(
  members: readonly Member[],
  event: Name,
  ...args: Parameters<Events[Name]>
) => void;

/** Events that aren't kept for a peer whose connection is lost. */
const UNCOUNTED: ReadonlySet<keyof Events> = new Set(["user_metadata"] as const);

/**
 * Creates the function that sends to peers, each by its own connection. Socket.IO's rooms aren't used; the registry
 * is the only record of who is where. A peer that can resume gets what it has missed when it is back.
 */
export function createDelivery(io: SignalingIo, sessions: Sessions): Deliver {
  return (members, event, ...args) => {
    let frame: string | undefined;
    const others: string[] = [];
    for (const { peer } of members) {
      const session = sessions.get(peer.id);
      if (!session?.outbox) {
        others.push(session?.socket?.id ?? peer.id);
        continue;
      }
      frame ??= encode(event, args);
      if (!UNCOUNTED.has(event)) {
        session.outbox.add(frame);
        sessions.waiting.makeRoom(session);
      }
      if (session.socket) write(session.socket, frame);
    }
    const [first] = others;
    // Socket.IO takes an empty list to mean everyone.
    if (first === undefined) return;
    // For a single peer, the socket itself is faster than the adapter.
    const socket = others.length === 1 ? io.sockets.sockets.get(first) : undefined;
    (socket ?? io.to(others)).emit(event, ...args);
  };
}

/** Sends a message that is encoded already. */
export function write(socket: SignalingSocket, frame: string): void {
  if (socket.connected) socket.conn.write(frame);
}

/** Encodes an EVENT packet for the namespace "/" (Socket.IO protocol 5). Our events have no attachments. */
function encode(event: string, args: readonly unknown[]): string {
  return `2${JSON.stringify([event, ...args])}`;
}
