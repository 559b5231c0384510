/** An application's own way to decide who connects, in place of access tokens. */

import type { IncomingMessage } from "node:http";
import { z } from "zod";
import { name } from "../protocol/names.ts";
import type { Claims } from "./authenticator.ts";

/** Who connects, and what they may do; or why they may not. */
export type Authorization =
  | {
      /** Who this is, to the application. */
      subject: string;
      /** Rooms they may join; a trailing `*` makes one a prefix. */
      rooms: readonly string[];
      /** Their name in every room, over the one that `join` gives. */
      name?: string | undefined;
      /** Unix seconds at which the connection is closed; the client comes back and is asked again. */
      expiresAt?: number | undefined;
    }
  /** A sentence for the client. */
  | { refusal: string };

/**
 * Asked for each connection, with the request that began it: its headers have the application's cookies.
 * What it throws is logged, and the connection refused.
 */
export type Authorize = (request: IncomingMessage) => Authorization | Promise<Authorization>;

/** What an application said, or the error of asking it. */
export type Decision =
  | { ok: true; claims: Claims }
  | { ok: false; code: "unauthorized"; reason: string }
  | { ok: false; code: "internal"; error: unknown };

const authorization = z.union([
  z.object({ refusal: z.string() }),
  z.object({
    subject: z.string().min(1),
    rooms: z.array(z.string()),
    name: name.optional(),
    expiresAt: z.number().optional(),
  }),
]);

/** Asks the application. Never rejects, and takes `timeoutMs` at most. */
export async function decide(
  authorize: Authorize,
  request: IncomingMessage,
  timeoutMs: number,
): Promise<Decision> {
  try {
    const answer = authorization.parse(await within(timeoutMs, authorize(request)));
    if ("refusal" in answer) return { ok: false, code: "unauthorized", reason: answer.refusal };
    const { subject, rooms, expiresAt = Number.POSITIVE_INFINITY } = answer;
    return {
      ok: true,
      claims: { subject, rooms, name: answer.name, expiresAtMs: expiresAt * 1_000 },
    };
  } catch (error) {
    return { ok: false, code: "internal", error };
  }
}

async function within<T>(timeoutMs: number, answer: T | Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const error = new Error(`authorize took longer than ${timeoutMs} ms`);
    timer = setTimeout(reject, timeoutMs, error);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
