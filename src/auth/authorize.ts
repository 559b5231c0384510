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

/** What the check needs from elsewhere. */
export interface AuthorizerDeps {
  /** Logs an error and gives the id it is to be found under. */
  reportFault: (error: unknown) => string;
  /** Unix milliseconds. */
  now: () => number;
}

/** How long an application may take to decide. */
const TIMEOUT_MS = 5_000;
/** The year 5138. A time in milliseconds, given by mistake, is far beyond: access would never end. */
const MAX_UNIX_SECONDS = 1e11;

const refusal = z.object({ refusal: z.string() });
const grant = z.object({
  subject: z.string().min(1),
  rooms: z.array(z.string()),
  name: name.optional(),
  expiresAt: z.number().max(MAX_UNIX_SECONDS, { error: "must be in Unix seconds" }).optional(),
});

/** Makes the application's function a check that never rejects and never hangs. */
export function createAuthorizer(
  authorize: Authorize,
  { reportFault, now }: AuthorizerDeps,
): (request: IncomingMessage) => Promise<Verdict> {
  return async (request) => {
    try {
      return read(await inTime(authorize(request)), now());
    } catch (error) {
      const reason = `the server failed; its log has more under ${reportFault(error)}`;
      return { ok: false, code: "internal", reason };
    }
  };
}

/** @throws Error when the application gave something else than an Authorization */
function read(answer: unknown, nowMs: number): Verdict {
  const refused = refusal.safeParse(answer);
  if (refused.success) return unauthorized(refused.data.refusal);
  const granted = grant.safeParse(answer);
  if (!granted.success) {
    throw new TypeError(`authorize gave no valid answer:\n${z.prettifyError(granted.error)}`);
  }
  const { subject, rooms, name, expiresAt = Number.POSITIVE_INFINITY } = granted.data;
  const expiresAtMs = expiresAt * 1_000;
  if (expiresAtMs <= nowMs) return unauthorized("your access has expired");
  return { ok: true, claims: { subject, rooms, name, expiresAtMs } };
}

function unauthorized(reason: string): Verdict {
  return { ok: false, code: "unauthorized", reason };
}

async function inTime<T>(answer: T | Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(reject, TIMEOUT_MS, new Error(`authorize took over ${TIMEOUT_MS} ms`));
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
