/** What the registry in Redis is told, and what it needs. */

import type { OnChange } from "./availability.ts";
import type { ConnectionOptions } from "./connection.ts";
import type { LeaseOptions } from "./leases.ts";

/** Options of the registry. */
export interface RedisRoomOptions extends ConnectionOptions, LeaseOptions {
  readonly maxPeersPerRoom: number;
}

/** What the registry needs from elsewhere. */
export interface RedisRoomDeps {
  readonly onChange: OnChange;
  readonly reportFault: (error: unknown) => unknown;
}
