/** A peer that has asked for a ticket: it may outlive its connection. */

import type { Outbox } from "./outbox.ts";
import type { SignalingSocket } from "./socket.ts";
import { isSame, type Ticket, type TicketNumber } from "./tickets.ts";

/** Its connection, its counts, and the tickets that it may come back with. */
export class Session {
  /** The id of the socket that it first joined with. */
  readonly id: string;
  /** The connection that it is reached by; undefined while there is none. */
  socket: SignalingSocket | undefined;
  /** The newest connection that is taking the session over. */
  claimant: SignalingSocket | undefined;
  /** Undefined if the last join didn't ask for a ticket. */
  outbox: Outbox | undefined;
  /** Whether the others were told that it is away. */
  isAway = false;
  private ticket: TicketNumber | undefined;
  private previous: TicketNumber | undefined;
  /** Whoever comes with this ticket has counts from before both began anew. */
  private stale: TicketNumber | undefined;
  /** Counted events that have arrived on earlier connections, less those before the join on this one. */
  private arrivedElsewhere = 0;
  /** What had been sent on this connection when its last heartbeat was answered. */
  private sentBefore = 0;
  private ticketBefore: TicketNumber | undefined;
  private readonly onTickets: (tickets: readonly TicketNumber[]) => void;

  /** @param onTickets gets the tickets that are valid, whenever they are others */
  constructor(id: string, onTickets: (tickets: readonly TicketNumber[]) => void) {
    this.id = id;
    this.onTickets = onTickets;
  }

  /** How many counted events have arrived since the join. */
  get arrived(): number {
    return this.arrivedElsewhere + (this.socket?.data.arrived ?? 0);
  }

  /** Both counts begin, at a join before which `arrivedBefore` counted events had arrived on `socket`. */
  begin(socket: SignalingSocket, outbox: Outbox | undefined, arrivedBefore: number): void {
    this.outbox?.clear();
    this.outbox = outbox;
    this.socket = socket;
    this.arrivedElsewhere = -arrivedBefore;
    this.ticket = undefined;
    this.previous = undefined;
    this.forgetHeartbeat();
  }

  /** What was under way is given up: both counts begin anew. `ticket` is the one that the client has. */
  beginAnew(outbox: Outbox, ticket: TicketNumber): void {
    this.stale = ticket;
    this.outbox?.clear();
    this.outbox = outbox;
    this.arrivedElsewhere = 0;
  }

  /** It has lost its connection, or another one takes over. */
  detach(): void {
    this.arrivedElsewhere = this.arrived;
    this.socket = undefined;
  }

  /** It is reached by `socket` from now on. */
  attach(socket: SignalingSocket): void {
    this.claimant = undefined;
    this.isAway = false;
    this.arrivedElsewhere -= socket.data.arrived;
    this.socket = socket;
    this.forgetHeartbeat();
  }

  /** Whether this ticket is its newest, or the one before, which is valid until the client has shown the newest. */
  accepts(ticket: Ticket): boolean {
    return [this.ticket, this.previous].some((valid) => valid && isSame(valid, ticket));
  }

  /** Whether the counts of a client with this ticket are worth nothing here. */
  isStale(ticket: Ticket): boolean {
    return this.stale !== undefined && isSame(this.stale, ticket);
  }

  /** Takes a new ticket; `used` is the one that the client has, for all we know. */
  renew(ticket: TicketNumber, used?: TicketNumber): void {
    this.ticket = ticket;
    this.previous = used;
    this.onTickets(used ? [ticket, used] : [ticket]);
  }

  /** The client has shown that it has this ticket, by default the newest. */
  confirmTicket(ticket = this.ticket): void {
    if (!ticket || ticket !== this.ticket || !this.previous) return;
    this.previous = undefined;
    this.onTickets([ticket]);
  }

  /**
   * A heartbeat of its connection was answered. Engine.IO delivers in order, and sends the next heartbeat after the
   * answer to the last one: what was sent before that answer has arrived now. What was sent since may be under way.
   */
  onHeartbeat(): void {
    this.outbox?.confirm(this.sentBefore);
    if (this.ticketBefore) this.confirmTicket(this.ticketBefore);
    this.sentBefore = this.outbox?.sent ?? 0;
    this.ticketBefore = this.ticket;
  }

  /** Both counts, or the connection, are others. */
  private forgetHeartbeat(): void {
    this.sentBefore = 0;
    this.ticketBefore = undefined;
  }
}
