/** How it is with Redis, for an operator. */

import type { RedisNode } from "./node.ts";

/** Reads the state of a node. */
export function statusOf({ leases, connection, outgoing, availability }: RedisNode) {
  return {
    isAvailable: leases.isAvailable,
    // Unknown while Redis is away.
    nodes: leases.isAvailable ? leases.others.length + 1 : 0,
    leaseAgeMs: leases.ageMs,
    inboxLagMs: connection.inboxLagMs,
    ...outgoing.unconfirmed,
    errors: availability.failures,
  };
}

export type NodeStatus = ReturnType<typeof statusOf>;
