/** `authorize`: the application decides who connects, instead of access tokens. */

import type { IncomingMessage } from "node:http";
import { z } from "zod";
import { name } from "../protocol/names.ts";
import type { Verdict } from "./authenticator.ts";

/** Whom a connection belongs to, and what it may do; or a sentence for the client that says why not. */
export type Authorization =
  | {
      /** The user's id in the application. */
      subject: string;
      /** Rooms they may join; a trailing `*` makes one a prefix. */
      rooms: readonly string[];
      /** Their name in every room; takes precedence over the one in `join`. */
      name?: string | undefined;
      /** Unix seconds at which the connection is closed; the client comes back, and this is asked again. */
      expiresAt?: number | undefined;
    }
  | { refusal: string };

/**
 * Called for each connection with its first request, whose headers have the application's cookies. If it
 * takes over 5 seconds, throws or rejects, that is logged and the connection is refused.
 */
export type Authorize = (request: IncomingMessage) => Authorization | Promise<Authorization>;

/** How long an application may take to decide. */
const TIMEOUT_MS = 5_000;

const authorization = z.union(
  [
    z.object({ refusal: z.string() }),
    z.object({
      subject: z.string().min(1),
      rooms: z.array(z.string()),
      name: name.optional(),
      expiresAt: z.number().optional(),
    }),
  ],
  { error: "authorize must give { subject, rooms, name?, expiresAt? } or { refusal }" },
);

/**
 * Makes the application's function a check that never rejects and never hangs.
 *
 * @param reportFault logs an error and gives the id it is to be found under
 */
export function createAuthorizer(
  authorize: Authorize,
  reportFault: (error: unknown) => string,
): (request: IncomingMessage) => Promise<Verdict> {
  return async (request) => {
    try {
      const answer = authorization.parse(await inTime(authorize(request)));
      if ("refusal" in answer) return { ok: false, code: "unauthorized", reason: answer.refusal };
      const { subject, rooms, expiresAt = Number.POSITIVE_INFINITY } = answer;
      const expiresAtMs = expiresAt * 1_000;
      return { ok: true, claims: { subject, rooms, name: answer.name, expiresAtMs } };
    } catch (error) {
      const reason = `the server failed; its log has more under ${reportFault(error)}`;
      return { ok: false, code: "internal", reason };
    }
  };
}

async function inTime<T>(answer: T | Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(reject, TIMEOUT_MS, new Error(`authorize took over ${TIMEOUT_MS} ms`));
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
