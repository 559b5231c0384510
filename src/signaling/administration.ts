/** The application's methods to list rooms and peers, and to remove them. */

import type { Monitor } from "../monitoring/monitor.ts";
import type { Peer } from "../protocol/messages.ts";
import type { RoomRegistry } from "../rooms/registry.ts";
import type { Sessions } from "./sessions.ts";

/** Why a peer is removed. */
type RemovalCode = "removed" | "room_closed";

/** What a peer is told when it is removed. */
export interface Removal {
  readonly code: RemovalCode;
  readonly message: string;
}

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
   * Removes a peer: it gets `signal_error` with the code `removed` and `reason` as the message, and its connection is
   * closed in a way that keeps its client from reconnecting by itself. Resolves with whether there was such a peer.
   * Rejects with a RangeError if `reason` has more than 200 characters.
   */
  disconnect(peerId: string, reason?: string): Promise<boolean>;
  /**
   * Removes all peers of a room, with the code `room_closed`, and refuses joins with that code for `seconds`
   * (by default 60). Rejects with a RangeError if `seconds` is negative or NaN, or `reason` has more than 200 characters.
   */
  closeRoom(room: string, seconds?: number, reason?: string): Promise<void>;
}

const DEFAULT_CLOSED_SECONDS = 60;
/** Most characters of a reason. */
const MAX_REASON = 200;
const MESSAGES: Readonly<Record<RemovalCode, string>> = {
  removed: "you were removed from this server",
  room_closed: "the room was closed",
};
/** Between nodes, beside the events for peers: these are to be removed, with the `Removal` that comes with it. */
export const REMOVE = "remove";

/** Dependencies of removing. */
export interface RemovalDeps {
  sessions: Sessions;
  monitor: Monitor | undefined;
  /** Ends the stay of a peer that has no connection at the moment. */
  depart: (id: string) => Promise<void>;
}

/** Creates what removes a peer of this node. */
export function createRemoval({ sessions, monitor, depart }: RemovalDeps) {
  return async (id: string, { code, message }: Removal): Promise<boolean> => {
    const socket = sessions.socketOf(id);
    const isHere = socket !== undefined || sessions.get(id) !== undefined;
    if (isHere) monitor?.removed(id, code);
    if (socket) {
      socket.emit("signal_error", { event: "disconnect", code, message });
      socket.disconnect(true);
    } else if (isHere) {
      await depart(id);
    }
    return isHere;
  };
}

/** Creates the methods. */
export function createAdministration(
  rooms: RoomRegistry,
  removeHere: ReturnType<typeof createRemoval>,
  monitor: Monitor | undefined,
): Administration {
  return {
    rooms: async () => [...(await rooms.sizes()).keys()],

    peers: async (room) =>
      (await rooms.membersOf(room)).map(({ peer, subject }) => ({
        ...peer,
        ...(subject !== undefined && { subject }),
      })),

    disconnect: async (peerId, reason) => {
      const removal = removalFor("removed", reason);
      if (await removeHere(peerId, removal)) return true;
      const member = await rooms.find(peerId);
      if (member?.node === undefined) return false;
      rooms.send([member], "", REMOVE, JSON.stringify(removal));
      return true;
    },

    closeRoom: async (room, seconds = DEFAULT_CLOSED_SECONDS, reason) => {
      if (!(seconds >= 0)) throw new RangeError("closeRoom: seconds must be a number from 0 on");
      const removal = removalFor("room_closed", reason);
      const members = await rooms.closeRoom(room, seconds);
      if (members.length > 0) monitor?.closed(room);
      rooms.send(members, "", REMOVE, JSON.stringify(removal));
      for (const { peer, node } of members) {
        if (node === undefined) await removeHere(peer.id, removal);
      }
    },
  };
}

function removalFor(code: RemovalCode, reason = ""): Removal {
  if (reason.length > MAX_REASON) {
    throw new RangeError(`the reason must have at most ${MAX_REASON} characters`);
  }
  return { code, message: reason || MESSAGES[code] };
}
