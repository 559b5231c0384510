/** The application's methods to list rooms and peers, and to remove them. */

import type { ErrorCode, Peer } from "../protocol/messages.ts";
import type { RoomRegistry } from "../rooms/registry.ts";
import type { Sessions } from "./sessions.ts";

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

/** Creates the methods. `depart` ends the stay of a peer that has no connection at the moment. */
export function createAdministration(
  rooms: RoomRegistry,
  sessions: Sessions,
  depart: (id: string) => Promise<void>,
): Administration {
  async function remove(id: string, code: ErrorCode, message: string): Promise<boolean> {
    const socket = sessions.socketOf(id);
    if (socket) {
      socket.emit("signal_error", { event: "disconnect", code, message });
      socket.disconnect(true);
      return true;
    }
    const isAway = sessions.get(id) !== undefined;
    if (isAway) await depart(id);
    return isAway;
  }

  return {
    rooms: () => rooms.list(),

    peers: async (room) =>
      (await rooms.membersOf(room)).map(({ peer, subject }) => ({
        ...peer,
        ...(subject !== undefined && { subject }),
      })),

    disconnect: async (peerId) => remove(peerId, "removed", "you were removed from this server"),

    closeRoom: async (room, seconds = DEFAULT_CLOSED_SECONDS) => {
      if (!(seconds >= 0)) throw new RangeError("closeRoom: seconds must be a number from 0 on");
      await rooms.close(room, seconds);
      for (const { peer } of await rooms.membersOf(room)) {
        await remove(peer.id, "room_closed", "the room was closed");
      }
    },
  };
}
