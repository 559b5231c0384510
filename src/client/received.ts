/** What comes from the server, where it is what it must be: something else may answer at its address. */

import type {
  Ack,
  Candidate,
  Description,
  IceGrant,
  Joined,
  Resumed,
  Sender,
} from "../protocol/messages.ts";
import { errorOf } from "./errors.ts";
import type { ServerSocket, SignalingEvents } from "./signaling-types.ts";

/** The rest of an answer that is `ok`. */
export type IsValid<T> = (answer: object) => answer is object & T;

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** Tells `emit` what the server sends by itself; what can't be understood is dropped. */
export function forwardMessages(
  socket: ServerSocket,
  emit: <Type extends keyof SignalingEvents>(type: Type, members: SignalingEvents[Type]) => void,
): void {
  socket.on("user_joined", (peer) => isPeer(peer) && emit("peerjoin", { peer }));
  socket.on("user_exit", (peer) => hasText(peer, "id") && emit("peerleave", { id: peer.id }));
  socket.on("user_away", (peer) => hasText(peer, "id") && emit("peeraway", { id: peer.id }));
  socket.on("user_back", (peer) => {
    if (hasText(peer, "id")) emit("peerback", { id: peer.id, gap: peer.gap === true });
  });
  socket.on("user_metadata", (peer) => {
    if (!hasText(peer, "id") || peer.metadata === undefined) return;
    emit("peermetadata", { id: peer.id, metadata: peer.metadata });
  });
  const onDescription = (description: Description, sender: Sender) => {
    if (!isDescription(description) || !hasText(sender, "from")) return;
    emit("description", { description, from: sender.from });
  };
  socket.on("getOffer", onDescription);
  socket.on("getAnswer", onDescription);
  const onCandidate = (candidate: Candidate | null, sender: Sender) => {
    if (!isCandidate(candidate) || !hasText(sender, "from")) return;
    emit("candidate", { candidate, from: sender.from });
  };
  socket.on("getCandidate", onCandidate);
  socket.on("getCandidates", (candidates, sender) => {
    if (Array.isArray(candidates)) for (const each of candidates) onCandidate(each, sender);
  });
  socket.on("signal_error", (error) => {
    // A report that the server doesn't take, or doesn't know, is no concern of the application.
    if (error?.event === "call_report") return;
    if (isRefusal(error)) emit("error", { event: error.event, error: errorOf(error) });
  });
}

/** Of what the server sends, what it sends again to a client that resumes. */
const COUNTED = new Set([
  "getOffer",
  "getAnswer",
  "getCandidate",
  "getCandidates",
  "user_joined",
  "user_exit",
  "user_away",
  "user_back",
]);

/** Counts it from the join on, whether it can be understood or not. */
export function countReceived(socket: ServerSocket): { count: number } {
  const received = { count: 0 };
  socket.onAny((event) => {
    // It comes with each join, before its acknowledgement.
    if (event === "room_users") received.count = 0;
    else if (COUNTED.has(event)) received.count++;
  });
  return received;
}

/** Whether this is the acknowledgement of a refusal, or of success with what it has to yield. */
export function isAck<T extends object>(ack: unknown, isValid: IsValid<T>): ack is Ack<T> {
  if (!isObject(ack) || !("ok" in ack)) return false;
  return ack.ok === true ? isValid(ack) : "error" in ack && isRefusal(ack.error);
}

function isRefusal(value: unknown): boolean {
  return hasText(value, "code") && hasText(value, "message");
}

function isPeer(value: unknown): boolean {
  if (!hasText(value, "id") || !hasText(value, "name")) return false;
  return !isObject(value) || !("subject" in value) || typeof value.subject === "string";
}

function isDescription(value: unknown): boolean {
  if (!hasText(value, "sdp") || !isObject(value) || !("type" in value)) return false;
  return value.type === "offer" || value.type === "answer" || value.type === "pranswer";
}

/** A candidate, or null for the end of them. */
function isCandidate(value: unknown): boolean {
  return value === null || hasText(value, "candidate");
}

/** What `join` yields. */
export const isJoined: IsValid<Joined> = (answer): answer is Joined =>
  "self" in answer &&
  isPeer(answer.self) &&
  "users" in answer &&
  Array.isArray(answer.users) &&
  answer.users.every(isPeer) &&
  hasText(answer, "iceTransportPolicy") &&
  hasIceServers(answer) &&
  (!("resume" in answer) || isTicket(answer.resume));

/** What `resume` yields. */
export const isResumed: IsValid<Resumed> = (answer): answer is Resumed =>
  isJoined(answer) && "resume" in answer && "received" in answer && isCount(answer.received);

function isTicket(value: unknown): boolean {
  return hasText(value, "ticket") && isObject(value) && "graceMs" in value && isMs(value.graceMs);
}

/** A delay that setTimeout takes, with something to spare. */
export function isMs(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 2 ** 30;
}

/** A number of messages, or null where it isn't known. */
function isCount(value: unknown): boolean {
  return value === null || (Number.isSafeInteger(value) && Number(value) >= 0);
}

/** What `ice_servers` yields. */
export const isIceGrant: IsValid<IceGrant> = (answer): answer is IceGrant =>
  hasIceServers(answer) && "expiresAt" in answer && Number.isFinite(answer.expiresAt);

/** Whether this has a member of this name that is a string. */
function hasText(value: unknown, member: string): boolean {
  return isObject(value) && typeof Reflect.get(value, member) === "string";
}

function hasIceServers(answer: object): boolean {
  if (!("iceServers" in answer) || !Array.isArray(answer.iceServers)) return false;
  return answer.iceServers.every((server) => isObject(server) && "urls" in server);
}
