/** What the peers of this node are told, and what becomes of them, when something happens on other nodes. */

import type { Monitor } from "../monitoring/monitor.ts";
import type { RoomListeners } from "../rooms/registry.ts";
import { type createRemoval, REMOVE, type Removal } from "./administration.ts";
import { deliverEncoded } from "./delivery.ts";
import type { Presence } from "./presence.ts";
import type { RoomReports } from "./room-reports.ts";
import type { Sessions } from "./sessions.ts";

/** Dependencies of the listeners. */
export interface OtherNodesDeps {
  sessions: Sessions;
  presence: Presence;
  removeHere: ReturnType<typeof createRemoval>;
  reports: RoomReports;
  monitor: Monitor | undefined;
  /** Gets errors of what no event has asked for. */
  reportFault: (error: unknown) => unknown;
}

/** Creates the listeners. */
export function listenToOtherNodes(deps: OtherNodesDeps): RoomListeners {
  const { sessions, presence, removeHere, reports, monitor, reportFault } = deps;
  return {
    joined: (room, member, others) => presence.joined(room, member, others),
    left: (departure) => presence.left(departure),

    message: (ids, event, text) => {
      if (event !== REMOVE) return deliverEncoded(sessions, ids, event, text);
      const removal: Removal = JSON.parse(text);
      for (const id of ids) removeHere(id, removal).catch(reportFault);
    },

    gap: (pairs) => {
      for (const [{ peer }, others] of pairs) presence.back(peer.id, others, true);
    },

    // Its client has another connection already; this one must not come back.
    moved: (id) => {
      const socket = sessions.socketOf(id);
      sessions.end(id);
      monitor?.moved(id);
      if (!socket?.connected) return;
      socket.data.hasNoSeat = true;
      socket.disconnect();
      socket.conn.close(true);
    },

    asked: (room) => reports.answer(room),

    // Its client comes back, and joins anew.
    lost: (id) => {
      const socket = sessions.socketOf(id);
      sessions.end(id);
      if (!socket) return;
      socket.data.hasNoSeat = true;
      socket.conn.close();
    },
  };
}
