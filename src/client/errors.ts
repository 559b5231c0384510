import type { ErrorCode } from "../protocol/messages.ts";

/** Why a request failed: the server's code, or `disconnected` when it got no answer. */
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

/** There is nobody to ask, or nobody left to answer. */
export function disconnected(): SignalingError {
  return new SignalingError("disconnected", "there is no connection to the signaling server");
}

/** What the server says when it turns a connection down comes in `data`. */
export function refusalOf(error: Error & { data?: { code?: ErrorCode } }): SignalingError {
  return new SignalingError(error.data?.code ?? "internal", error.message);
}
