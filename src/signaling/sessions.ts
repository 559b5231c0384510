/** The peers that may outlive their connection, and which each has. Elsewhere, a peer is known by its id alone. */

import type { KeyObject } from "node:crypto";
import type { Member } from "../rooms/registry.ts";
import { Outbox, type OutboxLimits } from "./outbox.ts";
import { Session } from "./session.ts";
import type { SignalingIo, SignalingSocket } from "./socket.ts";
import { nameOf, numberOf, type Ticket, type Tickets } from "./tickets.ts";
import { Waiting, type WaitingLimits } from "./waiting.ts";

/** Options of resuming. */
export interface ResumeOptions extends OutboxLimits, WaitingLimits {
  /** The key that tickets are signed with; undefined for a random one. */
  readonly resumeKey: KeyObject | undefined;
}

/** Dependencies of sessions. */
export interface SessionsDeps {
  tickets: Tickets;
  /** Gets the names of a peer's valid tickets, whenever they are others. */
  onTickets: (id: string, tickets: readonly string[]) => void;
}

/** Creates, finds and ends sessions. */
export class Sessions {
  readonly waiting: Waiting;
  private readonly byId = new Map<string, Session>();
  /** Of the connections that have taken one over. Any other has the id of its peer. */
  private readonly resumed = new WeakMap<SignalingSocket, Session>();
  private readonly tickets: Tickets;
  private readonly io: SignalingIo;
  private readonly options: ResumeOptions;
  private readonly onTickets: SessionsDeps["onTickets"];

  constructor(io: SignalingIo, options: ResumeOptions, { tickets, onTickets }: SessionsDeps) {
    this.io = io;
    this.options = options;
    this.tickets = tickets;
    this.onTickets = onTickets;
    this.waiting = new Waiting(options);
  }

  get isEnabled(): boolean {
    return this.options.resumeGraceMs > 0;
  }

  /** The id of the peer with this connection. */
  idOf(socket: SignalingSocket): string {
    return this.of(socket)?.id ?? socket.id;
  }

  /** The connection of the peer with this id; undefined if it has none. */
  socketOf(id: string): SignalingSocket | undefined {
    const session = this.byId.get(id);
    return session ? session.socket : this.io.sockets.sockets.get(id);
  }

  get(id: string): Session | undefined {
    return this.byId.get(id);
  }

  /** The session of a connection, even if another one has taken it over. */
  of(socket: SignalingSocket): Session | undefined {
    return this.resumed.get(socket) ?? this.byId.get(socket.id);
  }

  /**
   * Begins to count for a peer that has joined, in the step that sends it `room_users`.
   *
   * @param arrivedBefore the counted events that had arrived on the connection before the join
   */
  begin(socket: SignalingSocket, member: Member, arrivedBefore: number): void {
    const known = this.of(socket);
    // Who is gone by now has no ticket to come back with.
    const isKept = member.resumable && socket.connected;
    if (!known && !isKept) return;
    const session = known ?? this.create(socket.id);
    session.begin(
      socket,
      isKept ? new Outbox(this.options, this.waiting.total) : undefined,
      arrivedBefore,
    );
    this.followHeartbeat(socket);
  }

  /** Issues a ticket for a member; undefined if it can't resume. `used` is the ticket it resumes with. */
  issue(member: Member, room: string, used?: Ticket): string | undefined {
    const { peer, subject, candidateLists, wantsMetadata } = member;
    const { id, name } = peer;
    const session = this.byId.get(id);
    if (!session?.outbox) return undefined;
    const content = { id, room, name, candidateLists, wantsMetadata };
    const { number, text } = this.tickets.issue(content, subject);
    session.renew(number, used && numberOf(used));
    return text;
  }

  /** The session that a ticket is for; undefined if the ticket is used or expired. */
  find(ticket: Ticket): Session | undefined {
    const session = this.byId.get(ticket.id);
    return session?.accepts(ticket) ? session : undefined;
  }

  /** Begins the session of a ticket of another process, unless another connection has brought it meanwhile. */
  adopt(ticket: Ticket): Session {
    const known = this.find(ticket);
    if (known) return known;
    this.end(ticket.id);
    const session = this.beginAnew(this.create(ticket.id), ticket);
    session.renew(numberOf(ticket));
    return session;
  }

  /**
   * Takes a session from the connection that has it, and waits until what that had sent is handled. False if by
   * then another connection has taken it, or it has ended.
   */
  async claim(session: Session, socket: SignalingSocket): Promise<boolean> {
    const before = session.claimant ?? session.socket;
    session.claimant = socket;
    session.detach();
    this.waiting.remove(session);
    if (before?.connected) {
      // Tells its client not to come back, if it still listens.
      before.disconnect();
      before.conn.close(true);
    }
    await before?.data.idle;
    return this.isClaimedBy(session, socket);
  }

  isClaimedBy(session: Session, socket: SignalingSocket): boolean {
    return session.claimant === socket && this.byId.get(session.id) === session;
  }

  /** Gives up what was under way to and from a peer that comes with this ticket. */
  beginAnew(session: Session, ticket: Ticket): Session {
    session.beginAnew(new Outbox(this.options, this.waiting.total), numberOf(ticket));
    return session;
  }

  /** Reaches the peer by the connection that has claimed it. */
  attach(session: Session, socket: SignalingSocket): void {
    session.attach(socket);
    this.resumed.set(socket, session);
    this.followHeartbeat(socket);
    const onEvent = () => {
      session.confirmTicket();
      socket.offAny(onEvent);
    };
    socket.prependAny(onEvent);
  }

  /**
   * Keeps a session whose connection is lost; calls `onExpired` if it isn't claimed in time. False if it isn't kept.
   *
   * @param address what counts as the address of its connection; undefined if addresses have no limit
   */
  wait(session: Session, address: string | undefined, onExpired: () => void): boolean {
    if (!session.outbox || !this.waiting.add(session, address, onExpired)) return false;
    session.detach();
    return true;
  }

  /** Ends the session of a peer, if it has one. */
  end(id: string): void {
    const session = this.byId.get(id);
    if (!session) return;
    this.byId.delete(id);
    this.waiting.remove(session);
    if (session.socket) this.resumed.delete(session.socket);
    session.outbox?.clear();
    session.outbox = undefined;
    session.socket = undefined;
  }

  /** Ends all sessions. */
  close(): void {
    for (const id of this.byId.keys()) this.end(id);
  }

  private create(id: string): Session {
    const session = new Session(id, (tickets) => this.onTickets(id, tickets.map(nameOf)));
    this.byId.set(id, session);
    return session;
  }

  /** Once for each connection. */
  private followHeartbeat(socket: SignalingSocket): void {
    if (socket.data.isFollowed) return;
    socket.data.isFollowed = true;
    socket.conn.on("heartbeat", () => {
      const session = this.of(socket);
      if (session?.socket === socket) session.onHeartbeat();
    });
  }
}
