/** What two peers say to set up one call, at the sizes of a browser. */

import recording from "./call.json" with { type: "json" };

/** One message of a call. */
export interface Message {
  kind: "offer" | "answer" | "candidate";
  /** The W3C dictionary, as JSON. */
  payload: string;
}

/** What travels in one call: the offer, the answer, and each side's candidates. */
export interface Call {
  offer: Message;
  answer: Message;
  offererCandidates: readonly Message[];
  answererCandidates: readonly Message[];
}

const candidates = (list: readonly unknown[]): Message[] =>
  list.map((candidate) => ({ kind: "candidate", payload: JSON.stringify(candidate) }));

/** 22 messages: an offer and an answer for audio, video and data, and 10 candidates each way. */
export const CALL: Call = {
  offer: { kind: "offer", payload: JSON.stringify(recording.offer) },
  answer: { kind: "answer", payload: JSON.stringify(recording.answer) },
  offererCandidates: candidates(recording.offererCandidates),
  answererCandidates: candidates(recording.answererCandidates),
};

const LAST: Message = { kind: "candidate", payload: "null" };

/** The same by this project's client, which says after the candidates that there are no more. */
export const CLIENT_CALL: Call = {
  ...CALL,
  offererCandidates: [...CALL.offererCandidates, LAST],
  answererCandidates: [...CALL.answererCandidates, LAST],
};

/** How many messages a call has. */
export function lengthOf({ offererCandidates, answererCandidates }: Call): number {
  return 2 + offererCandidates.length + answererCandidates.length;
}
