/** How it is with Redis, for an operator. */

import type { RedisNode } from "./node.ts";

/** The state of this node's part in the cluster. */
export interface NodeStatus {
  readonly isAvailable: boolean;
  /** Nodes with a valid lease, this one included; 0 while that can't be known. */
  readonly nodes: number;
  /** Since the last answered renewal of this node's lease. */
  readonly leaseAgeMs: number;
  /** How old the first of the entries that were read last already was; 0 if nothing has come since. */
  readonly inboxLagMs: number;
  /** Messages to other nodes that these haven't confirmed. */
  readonly unconfirmedMessages: number;
  readonly unconfirmedBytes: number;
  /** Failed connections and refused commands since the start. */
  readonly errors: number;
}

/** Reads the state of a node. */
export function statusOf({ leases, connection, outgoing, availability }: RedisNode): NodeStatus {
  return {
    isAvailable: leases.isAvailable,
    nodes: leases.isAvailable ? leases.others.length + 1 : 0,
    leaseAgeMs: leases.ageMs,
    inboxLagMs: connection.inboxLagMs,
    ...outgoing.unconfirmed,
    errors: availability.failures,
  };
}
