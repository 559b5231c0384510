/** The STUN and TURN servers that one peer is to use, with a credential of its own. */

import { createHmac } from "node:crypto";
import type { IceGrant, IceServer } from "../protocol/messages.ts";
import type { IceOptions } from "./options.ts";

/**
 * What the peer with this id is told at this moment. A secret makes it a credential by the TURN REST
 * scheme (draft-uberti-behave-turn-rest-00), which coturn checks with `use-auth-secret`: the username
 * says until when, and the password proves that it came from here.
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
