/** What two peers say to set up one call, at the sizes of a browser. */

import recording from "./call.json" with { type: "json" };

/** One message of a call. */
export interface Message {
  kind: "offer" | "answer" | "candidate" | "candidates";
  /** The W3C dictionary, as JSON, or a list of them. */
  payload: string;
  /** Whether its sender asks the server for an answer. */
  acknowledged?: boolean;
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

const message = (kind: Message["kind"], value: unknown): Message => ({
  kind,
  payload: JSON.stringify(value),
});
const groups = (list: readonly (readonly unknown[])[]): Group[] =>
  list.map((group) => group.map((candidate) => message("candidate", candidate)));

/** 22 messages: an offer and an answer for audio, video and data, and 10 candidates each way. */
export const CALL: Call = {
  offer: message("offer", recording.offer),
  answer: message("answer", recording.answer),
  offererCandidates: groups(recording.offererCandidates),
  answererCandidates: groups(recording.answererCandidates),
};

/** By this project's client a group is one message, and the last one says that there are no more. */
const together = (list: readonly (readonly unknown[])[]): Group[] =>
  list.map((group, index) => {
    const candidates = index === list.length - 1 ? [...group, null] : group;
    return [message("candidates", candidates)];
  });

/** The same call by this project's client. */
export const CLIENT_CALL: Call = {
  offer: { ...CALL.offer, acknowledged: true },
  answer: { ...CALL.answer, acknowledged: true },
  offererCandidates: together(recording.offererCandidates),
  answererCandidates: together(recording.answererCandidates),
};

/** A candidate as any other, for loads of candidates alone. */
export const CANDIDATE: Message = first(CALL.offererCandidates);

/** How many messages are relayed in a call. */
export function lengthOf({ offererCandidates, answererCandidates }: Call): number {
  return 2 + [...offererCandidates, ...answererCandidates].flat().length;
}

function first([group]: readonly Group[]): Message {
  if (!group?.[0]) throw new Error("a call without candidates");
  return group[0];
}
