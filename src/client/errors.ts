import type { ErrorCode } from "../protocol/messages.ts";

/** Why a request failed: the server's error code, or `disconnected` if there was no answer. */
export class SignalingError extends Error {
  override readonly name = "SignalingError";
  readonly code: ErrorCode | "disconnected";

  constructor(code: ErrorCode | "disconnected", message: string) {
    super(message);
    this.code = code;
  }
}

/** Whether this is a SignalingError with one of these codes. */
export function isCode(error: unknown, ...codes: SignalingError["code"][]): boolean {
  return error instanceof SignalingError && codes.includes(error.code);
}

/** The error for a request without a connection, or whose connection was lost. */
export function disconnected(): SignalingError {
  return new SignalingError("disconnected", "there is no connection to the signaling server");
}

/** What the server says when it turns a connection down comes in `data`. */
export function refusalOf(error: Error & { data?: { code?: ErrorCode } }): SignalingError {
  return new SignalingError(error.data?.code ?? "internal", error.message);
}
