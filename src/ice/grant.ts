/** The STUN and TURN servers for one peer, with its own credential. */

import { createHmac } from "node:crypto";
import type { IceGrant, IceServer } from "../protocol/messages.ts";
import type { IceOptions } from "./options.ts";

/**
 * The servers for the peer with this id. With a secret, its credential follows the TURN REST API
 * (draft-uberti-behave-turn-rest-00; coturn: `use-auth-secret`): the username holds the expiry, and the
 * password is an HMAC of it.
 */
export function grantIce(options: IceOptions, peerId: string, nowMs: number): IceGrant {
  const { stunUrls, turnUrls, turnAuth, turnTtlSeconds } = options;
  const expiresAt = Math.floor(nowMs / 1_000) + turnTtlSeconds;
  const iceServers: IceServer[] = [];
  if (stunUrls.length > 0) iceServers.push({ urls: [...stunUrls] });
  if (turnAuth.kind === "secret") {
    const username = `${expiresAt}:${peerId}`;
    const credential = createHmac("sha1", turnAuth.secret).update(username).digest("base64");
    iceServers.push({ urls: [...turnUrls], username, credential });
  }
  if (turnAuth.kind === "fixed") {
    const { username, password } = turnAuth;
    iceServers.push({ urls: [...turnUrls], username, credential: password });
  }
  return { iceServers, expiresAt };
}
