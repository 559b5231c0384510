/** What is known of a room on all nodes, for an operator: who is in it, how they are connected, and its timeline. */

import type { Step, Timelines } from "../monitoring/timeline.ts";
import type { Member, RoomRegistry } from "../rooms/registry.ts";
import type { Sessions } from "./sessions.ts";

/** What a peer's own node alone knows about it. */
interface Connection {
  readonly away: boolean;
  /** `websocket` or `polling`; absent while it is away. */
  readonly transport?: string;
}

/** What a node says about its part of a room. */
interface NodeReport {
  readonly connections: Readonly<Record<string, Connection>>;
  readonly steps: readonly Step[];
}

/** A peer, as an operator sees it. */
export interface PeerReport extends Partial<Connection> {
  readonly id: string;
  readonly name: string;
  /** The subject of its token, or of what `authorize` returned. */
  readonly subject?: string;
  /** When it has joined, in Unix milliseconds. */
  readonly since?: number;
}

/** Asks this node and the others. */
export interface RoomReports {
  /** The members of a room, longest-standing first; of a node that doesn't answer in time, without `away` and `transport`. */
  readonly peers: (room: string) => Promise<PeerReport[]>;
  /** The last steps of a room, oldest first. */
  readonly timeline: (room: string) => Promise<Step[]>;
  /** The answer to another node that asks. */
  readonly answer: (room: string) => Promise<string>;
}

/** Dependencies of the reports. */
export interface RoomReportDeps {
  rooms: RoomRegistry;
  sessions: Sessions;
  timelines: Timelines | undefined;
}

/** Creates the reports. */
export function createRoomReports({ rooms, sessions, timelines }: RoomReportDeps): RoomReports {
  return {
    peers: async (room) => {
      const [members, reports] = await Promise.all([rooms.membersOf(room), fromAll(room)]);
      const connections = new Map(reports.flatMap((report) => Object.entries(report.connections)));
      return members.map((member) => reportOn(member, connections.get(member.peer.id)));
    },
    timeline: async (room) =>
      (await fromAll(room)).flatMap(({ steps }) => steps).sort((a, b) => a.at - b.at),
    answer: async (room) => JSON.stringify(await here(room)),
  };

  async function fromAll(room: string): Promise<NodeReport[]> {
    const [own, others] = await Promise.all([here(room), rooms.askOthers(room)]);
    return [own, ...others.map((text): NodeReport => JSON.parse(text))];
  }

  async function here(room: string): Promise<NodeReport> {
    const own = await rooms.membersHere(room);
    const connections = own.map(({ peer: { id } }) => [id, connectionOf(id)] as const);
    return { connections: Object.fromEntries(connections), steps: timelines?.of(room) ?? [] };
  }

  function connectionOf(id: string): Connection {
    const socket = sessions.socketOf(id);
    if (!socket?.connected) return { away: true };
    return { away: false, transport: socket.conn.transport.name };
  }
}

function reportOn({ peer, subject, joinedAtMs }: Member, connection?: Connection): PeerReport {
  return {
    id: peer.id,
    name: peer.name,
    ...(subject !== undefined && { subject }),
    ...(joinedAtMs !== undefined && { since: joinedAtMs }),
    ...connection,
  };
}
