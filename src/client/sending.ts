/** Joins, offers, answers and candidates, ready to be sent. */

import type {
  Ack,
  Candidate,
  Delivered,
  Description,
  JoinRequest,
  Metadata,
} from "../protocol/messages.ts";
import type { ServerSocket } from "./signaling-types.ts";
import { checkCandidates, checkDescription } from "./sizes.ts";

/** Something to be sent, once or again. */
export interface Sending {
  emit: (reply: (ack: Ack<Delivered>) => void) => void;
  bytes: number;
  /** Whether it is for one peer, rather than for everyone else. */
  isAddressed: boolean;
}

/** The argument of `join`. */
export function joining(
  room: string,
  name: string | undefined,
  metadata: Metadata | undefined,
  resume: boolean,
): JoinRequest {
  return {
    room,
    ...(name !== undefined && { name }),
    ...(metadata !== undefined && { metadata }),
    candidateLists: true,
    ...(resume && { resume }),
  };
}

const targetOf = (to: string | undefined) => (to === undefined ? {} : { to });

/** @throws SignalingError `too_large` */
export function describing(
  socket: ServerSocket,
  description: Description,
  to: string | undefined,
): Sending {
  const event = description.type === "offer" ? "offer" : "answer";
  return {
    emit: (reply) => socket.emit(event, description, targetOf(to), reply),
    bytes: checkDescription(description),
    isAddressed: to !== undefined,
  };
}

/** @throws SignalingError `too_large` */
export function trickling(
  socket: ServerSocket,
  candidates: (Candidate | null)[],
  to: string | undefined,
): Sending {
  return {
    emit: (reply) => socket.emit("candidates", candidates, targetOf(to), reply),
    bytes: checkCandidates(candidates),
    isAddressed: to !== undefined,
  };
}
