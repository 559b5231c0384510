/** Addressing of peers in Socket.IO. */

import type { Member } from "../rooms/registry.ts";
import type { SignalingIo, SignalingSocket } from "./dispatch.ts";

/** The sockets to emit to; undefined if there are none. */
type Receivers = Pick<SignalingSocket, "emit"> | undefined;

/**
 * Creates a function that addresses exactly the given peers, each by its own id. Socket.IO's rooms aren't
 * used; the registry is the only record of who is where.
 */
export function createAddressing(io: SignalingIo): (members: readonly Member[]) => Receivers {
  return (members) => {
    const [member] = members;
    // Socket.IO takes an empty list to mean everyone.
    if (!member) return undefined;
    // For a single peer, the socket itself is faster than the adapter.
    const socket = members.length === 1 ? io.sockets.sockets.get(member.peer.id) : undefined;
    return socket ?? io.to(members.map(({ peer }) => peer.id));
  };
}
