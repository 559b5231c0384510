/** The messages about STUN and TURN servers that fail the check. */

import type { TurnAuth } from "../options.ts";
import type { IceUrl } from "../url.ts";
import { StunRefusal } from "./turn-client.ts";

/** Explains that the server didn't answer in time. */
export function noAnswer({ transport, port }: IceUrl, limitMs: number): string {
  const protocol = transport === "udp" ? "UDP" : "TCP";
  return `no answer within ${limitMs / 1_000} s; does a firewall let ${protocol} port ${port} pass?`;
}

/** Explains why a request failed, and what to check. */
export function explain(error: unknown, { transport, port }: IceUrl, auth: TurnAuth): string {
  if (error instanceof StunRefusal) return explainRefusal(error, auth);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  switch (code) {
    case "ECONNREFUSED":
      return `nothing listens on ${transport === "udp" ? "UDP" : "TCP"} port ${port} there`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "its name doesn't resolve to an address";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "there is no route to it from here";
  }
  const reason = error instanceof Error ? error.message : String(error);
  return /CERT|SSL|TLS|VERIFY|EPROTO/.test(code) ? `TLS fails: ${reason}` : reason;
}

function explainRefusal({ code, message, signed }: StunRefusal, auth: TurnAuth): string {
  switch (code) {
    case 401:
      if (!signed) return "it requires a credential, which browsers don't send for STUN";
      return auth.kind === "fixed"
        ? "it refuses TURN_USERNAME and TURN_PASSWORD"
        : "it refuses the credential: TURN_SECRET isn't its static-auth-secret, or a clock is wrong";
    case 486:
      return "its quota is used up (486)";
    case 508:
      return "it has no relay port left (508); are its ports from min-port to max-port enough?";
    default:
      return `it refuses: ${message}`;
  }
}
