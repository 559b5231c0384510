/** The sentences of refusals that depend on rooms. */

import type { Refused } from "../protocol/messages.ts";
import { refuse } from "../protocol/parse.ts";

const REFUSALS = {
  room_full: "the room is full",
  room_closed: "the room was closed; try again later",
  not_in_room: "you are in no room; join one first",
  // The same text for an unknown id and one in another room, so that it doesn't reveal who is elsewhere.
  peer_not_found: "there is no such peer in your room",
  forbidden: "you may not join this room",
  resume_failed: "the ticket is not valid, or no longer; join anew",
  unavailable: "the rooms can't be reached at the moment; try again",
} as const;

/** Codes with a sentence of their own. */
export type RoomRefusal = keyof typeof REFUSALS;

/** Creates a refusal. */
export function refuseFor(code: RoomRefusal): Refused {
  return refuse(code, REFUSALS[code]);
}
