/** What two peers say to set up one call, at the sizes of a browser. */

import recording from "./call.json" with { type: "json" };

/** One message of a call. */
export interface Message {
  kind: "offer" | "answer" | "candidate";
  /** The W3C dictionary, as JSON. */
  payload: string;
}

/** What comes at the same moment: candidates do in groups, one for each way to find them. */
export type Group = readonly Message[];

/** What travels in one call: the offer, the answer, and each side's candidates. */
export interface Call {
  offer: Message;
  answer: Message;
  offererCandidates: readonly Group[];
  answererCandidates: readonly Group[];
}

const groups = (list: readonly (readonly unknown[])[]): Group[] =>
  list.map((group) => group.map((c) => ({ kind: "candidate", payload: JSON.stringify(c) })));

/** 22 messages: an offer and an answer for audio, video and data, and 10 candidates each way. */
export const CALL: Call = {
  offer: { kind: "offer", payload: JSON.stringify(recording.offer) },
  answer: { kind: "answer", payload: JSON.stringify(recording.answer) },
  offererCandidates: groups(recording.offererCandidates),
  answererCandidates: groups(recording.answererCandidates),
};

/** What this project's client says after the candidates: that there are no more. */
const END: Group = [{ kind: "candidate", payload: "null" }];

/** The same call by this project's client. */
export const CLIENT_CALL: Call = {
  ...CALL,
  offererCandidates: [...CALL.offererCandidates, END],
  answererCandidates: [...CALL.answererCandidates, END],
};

/** A candidate as any other, for loads of candidates alone. */
export const CANDIDATE: Message = first(CALL.offererCandidates);

/** How many messages a call has. */
export function lengthOf({ offererCandidates, answererCandidates }: Call): number {
  return 2 + offererCandidates.flat().length + answererCandidates.flat().length;
}

function first([group]: readonly Group[]): Message {
  if (!group?.[0]) throw new Error("a call without candidates");
  return group[0];
}
