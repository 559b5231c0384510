/** The options for STUN and TURN, and the rules for combining them. */

/** The credentials for the TURN servers. */
export type TurnAuth =
  | { readonly kind: "none" }
  /** The secret shared with the TURN server; each peer gets its own credential. */
  | { readonly kind: "secret"; readonly secret: string }
  /** The same for every peer. */
  | { readonly kind: "fixed"; readonly username: string; readonly password: string };

/** The STUN and TURN settings for the peers. */
export interface IceOptions {
  readonly stunUrls: readonly string[];
  readonly turnUrls: readonly string[];
  readonly turnAuth: TurnAuth;
  /** How long a credential made with the secret is valid. */
  readonly turnTtlSeconds: number;
  /** "relay": peers don't see each other's address. */
  readonly iceTransportPolicy: "all" | "relay";
}

/** The TURN credentials in the options; `none` if they are incomplete. */
export function turnAuthOf(given: {
  turnSecret: string | undefined;
  turnUsername: string | undefined;
  turnPassword: string | undefined;
}): TurnAuth {
  const { turnSecret: secret, turnUsername: username, turnPassword: password } = given;
  if (secret) return { kind: "secret", secret };
  if (username && password) return { kind: "fixed", username, password };
  return { kind: "none" };
}

/**
 * What is wrong with the combination of options: the option at fault, and a message with other options
 * in backticks.
 */
export function iceFaults(
  isSet: (option: string) => boolean,
  isRelayOnly: boolean,
): [option: string, message: string][] {
  const credentials = ["turnSecret", "turnUsername", "turnPassword"].filter(isSet);
  const faults: [string, string][] = [];
  if (isSet("turnUrls") && credentials.length === 0) {
    faults.push(["turnUrls", "needs `turnSecret`, or `turnUsername` and `turnPassword`"]);
  }
  if (isSet("turnSecret") && credentials.length > 1) {
    faults.push(["turnSecret", "excludes `turnUsername` and `turnPassword`; set one or the other"]);
  } else if (credentials.length === 1 && !isSet("turnSecret")) {
    const [missing, other] = isSet("turnUsername")
      ? ["turnPassword", "turnUsername"]
      : ["turnUsername", "turnPassword"];
    faults.push([missing, `must be set, since \`${other}\` is`]);
  }
  if (!isSet("turnUrls")) {
    for (const option of credentials) {
      faults.push([option, "is for a TURN server; name one in `turnUrls`"]);
    }
    if (isRelayOnly) {
      faults.push(["iceTransportPolicy", "relay needs a TURN server; name one in `turnUrls`"]);
    }
  }
  return faults;
}
