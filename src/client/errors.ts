import type { ErrorCode, Refusal } from "../protocol/messages.ts";

const MAX_RETRY_AFTER_MS = 30_000;

/** Why a request failed: the server's error code, or `disconnected` if there was no answer. */
export class SignalingError extends Error {
  override readonly name = "SignalingError";
  readonly code: ErrorCode | "disconnected";
  /** With `rate_limited`: when the server will take the same again. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode | "disconnected", message: string, retryAfterMs?: number) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** When to try again what failed with this error; 0 where nobody has said. Half a minute at most. */
export function retryAfterMs(error: unknown): number {
  const ms = error instanceof SignalingError ? Number(error.retryAfterMs) : 0;
  return ms > 0 ? Math.min(ms, MAX_RETRY_AFTER_MS) : 0;
}

/** Whether this is a SignalingError with one of these codes. */
export function isCode(error: unknown, ...codes: SignalingError["code"][]): boolean {
  return error instanceof SignalingError && codes.includes(error.code);
}

/** The error for a request without a connection, or whose connection was lost. */
export function disconnected(): SignalingError {
  return new SignalingError("disconnected", "there is no connection to the signaling server");
}

/** What answers is no server of ours, or one of another time. */
export function unreadable(): SignalingError {
  return new SignalingError("internal", "the server's answer can't be understood");
}

/** What the server says when it refuses an event. */
export function errorOf({ code, message, retryAfterMs }: Refusal): SignalingError {
  return new SignalingError(code, message, retryAfterMs);
}

/** What the server says when it turns a connection down comes in `data`. */
export function refusalOf(error: Error & { data?: { code?: ErrorCode } }): SignalingError {
  return new SignalingError(error.data?.code ?? "internal", error.message);
}
