/** The application's methods to list rooms and peers, and to remove them. */

import type { Peer } from "../protocol/messages.ts";
import type { RoomRegistry } from "../rooms/registry.ts";
import type { Sessions } from "./sessions.ts";

/** Why a peer is removed. */
export type RemovalCode = "removed" | "room_closed";

/** A peer in a room. */
export interface RoomPeer extends Peer {
  /** The subject of its token, or of what `authorize` returned. */
  readonly subject?: string;
}

/** Methods for the application. */
export interface Administration {
  /** The names of all rooms with peers in them. */
  rooms(): Promise<string[]>;
  /** The peers in a room, longest-standing first; none if there is no such room. */
  peers(room: string): Promise<RoomPeer[]>;
  /**
   * Removes a peer: it gets `signal_error` with the code `removed`, and its connection is closed in a way that
   * keeps its client from reconnecting by itself. Resolves with whether there was such a peer.
   */
  disconnect(peerId: string): Promise<boolean>;
  /**
   * Removes all peers of a room, with the code `room_closed`, and refuses joins with that code for `seconds`
   * (by default 60). Rejects with a RangeError if `seconds` is negative or NaN.
   */
  closeRoom(room: string, seconds?: number): Promise<void>;
}

const DEFAULT_CLOSED_SECONDS = 60;
const MESSAGES: Readonly<Record<RemovalCode, string>> = {
  removed: "you were removed from this server",
  room_closed: "the room was closed",
};
/** Between nodes, beside the events for peers: these are to be removed, with the code that comes with it. */
export const REMOVE = "remove";

/** Creates what removes a peer of this node. `depart` ends the stay of one that has no connection at the moment. */
export function createRemoval(sessions: Sessions, depart: (id: string) => Promise<void>) {
  return async (id: string, code: RemovalCode): Promise<boolean> => {
    const socket = sessions.socketOf(id);
    if (socket) {
      socket.emit("signal_error", { event: "disconnect", code, message: MESSAGES[code] });
      socket.disconnect(true);
      return true;
    }
    const isAway = sessions.get(id) !== undefined;
    if (isAway) await depart(id);
    return isAway;
  };
}

/** Creates the methods. */
export function createAdministration(
  rooms: RoomRegistry,
  removeHere: ReturnType<typeof createRemoval>,
): Administration {
  return {
    rooms: () => rooms.list(),

    peers: async (room) =>
      (await rooms.membersOf(room)).map(({ peer, subject }) => ({
        ...peer,
        ...(subject !== undefined && { subject }),
      })),

    disconnect: async (peerId) => {
      if (await removeHere(peerId, "removed")) return true;
      const member = await rooms.find(peerId);
      if (member?.node === undefined) return false;
      rooms.send([member], "", REMOVE, "removed");
      return true;
    },

    closeRoom: async (room, seconds = DEFAULT_CLOSED_SECONDS) => {
      if (!(seconds >= 0)) throw new RangeError("closeRoom: seconds must be a number from 0 on");
      const members = await rooms.closeRoom(room, seconds);
      rooms.send(members, "", REMOVE, "room_closed");
      for (const { peer, node } of members) {
        if (node === undefined) await removeHere(peer.id, "room_closed");
      }
    },
  };
}
