/** What an application may ask of its rooms, and do to them. */

import type { ErrorCode, Peer } from "../protocol/messages.ts";
import type { RoomRegistry } from "../rooms/registry.ts";
import type { SignalingIo } from "./dispatch.ts";

/** A peer in a room, as the application knows it. */
export interface RoomPeer extends Peer {
  /** What the token or `authorize` said of who it is. */
  readonly subject?: string;
}

/** Rooms and peers in the application's hands. */
export interface Administration {
  /** The names of the rooms that somebody is in. */
  rooms(): Promise<string[]>;
  /** Who is in a room, longest-standing first. */
  peers(room: string): Promise<RoomPeer[]>;
  /**
   * Removes a peer: it gets `signal_error` with the code `removed`, and its connection is closed such that it
   * doesn't come back by itself. Resolves with whether there was such a peer.
   */
  disconnect(peerId: string): Promise<boolean>;
  /**
   * Removes everyone from a room, with the code `room_closed`. Joins of it are refused with that code for
   * `seconds` (60 by default).
   */
  closeRoom(room: string, seconds?: number): Promise<void>;
}

const DEFAULT_CLOSED_SECONDS = 60;

/** Creates the methods over a registry and the sockets of `io`. */
export function createAdministration(io: SignalingIo, rooms: RoomRegistry): Administration {
  function remove(id: string, code: ErrorCode, message: string): boolean {
    const socket = io.sockets.sockets.get(id);
    socket?.emit("signal_error", { event: "disconnect", code, message });
    socket?.disconnect(true);
    return socket !== undefined;
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
        remove(peer.id, "room_closed", "the room was closed");
      }
    },
  };
}
