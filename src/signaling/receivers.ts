/** Whom a message goes to, in Socket.IO's terms. */

import type { Member } from "../rooms/registry.ts";
import type { SignalingIo, SignalingSocket } from "./dispatch.ts";

/** Sockets to emit to, as Socket.IO addresses them; undefined is nobody. */
type Receivers = Pick<SignalingSocket, "emit"> | undefined;

/**
 * Creates what addresses exactly the given peers, each by its own channel. Rooms are never given to
 * Socket.IO: the registry alone says who is where.
 */
export function createAddressing(io: SignalingIo): (members: readonly Member[]) => Receivers {
  return (members) => {
    const [member] = members;
    // Socket.IO reads an empty list as everyone.
    if (!member) return undefined;
    // A single one that is connected here needs no adapter.
    const socket = members.length === 1 ? io.sockets.sockets.get(member.peer.id) : undefined;
    return socket ?? io.to(members.map(({ peer }) => peer.id));
  };
}
