/** Error messages for the user of the page. */

import { SignalingError } from "../client/index.ts";

const ADVICE: Record<string, string> = {
  NotAllowedError:
    "This page may not use your camera or microphone. Allow it in the browser's address bar.",
  NotFoundError: "No camera or microphone was found.",
  NotReadableError: "Another program is using your camera or microphone.",
  SecurityError: "Browsers give a camera only to pages that come over HTTPS.",
};

/** Explains why camera or microphone can't be used, and what to do. */
export function explainCapture(error: unknown): string {
  const known = error instanceof DOMException ? ADVICE[error.name] : undefined;
  return known ?? "Your camera or microphone could not be started.";
}

/** Explains why a join failed, or why a call has ended. */
export function explainJoin(error: unknown, room: string): string {
  if (!(error instanceof SignalingError)) return `Joining failed: ${String(error)}`;
  if (error.code === "room_full") {
    return `The room ${room} is full. Try again when somebody has left, or take another room.`;
  }
  if (error.code === "unauthorized") {
    return `You were not let in: ${error.message}. If you were given a link with #token=… at its end, open that one.`;
  }
  if (error.code === "forbidden") return `You may not join the room ${room}.`;
  if (error.code === "removed") return "You were removed from the call.";
  if (error.code === "room_closed") return "The call was closed.";
  if (error.code === "disconnected") return "The server has ended the connection. Join again.";
  return `The server said no: ${error.message}.`;
}
