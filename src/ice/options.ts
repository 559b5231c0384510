/** The options for STUN and TURN, and which of them go together. */

/** How a client proves to the TURN server that it may relay. */
export type TurnAuth =
  | { readonly kind: "none" }
  /** The secret shared with the TURN server; each peer gets a credential of its own. */
  | { readonly kind: "secret"; readonly secret: string }
  /** The same for every peer. */
  | { readonly kind: "fixed"; readonly username: string; readonly password: string };

/** What peers are told about STUN and TURN. */
export interface IceOptions {
  readonly stunUrls: readonly string[];
  readonly turnUrls: readonly string[];
  readonly turnAuth: TurnAuth;
  /** How long a credential made of the secret is good for. */
  readonly turnTtlSeconds: number;
  /** "relay": peers don't learn each other's address. */
  readonly iceTransportPolicy: "all" | "relay";
}

/** The credentials among the variables; `none` unless they are complete. */
export function turnAuthOf(given: {
  TURN_SECRET?: string | undefined;
  TURN_USERNAME?: string | undefined;
  TURN_PASSWORD?: string | undefined;
}): TurnAuth {
  const { TURN_SECRET: secret, TURN_USERNAME: username, TURN_PASSWORD: password } = given;
  if (secret) return { kind: "secret", secret };
  if (username && password) return { kind: "fixed", username, password };
  return { kind: "none" };
}

/** What is wrong with the variables together, each fault led by the one to change. */
export function iceFaults(given: Readonly<Record<string, string | undefined>>): string[] {
  const has = (variable: string) => given[variable] !== undefined;
  const credentials = ["TURN_SECRET", "TURN_USERNAME", "TURN_PASSWORD"].filter(has);
  const faults: string[] = [];
  if (has("TURN_URLS") && credentials.length === 0) {
    faults.push("TURN_URLS: needs TURN_SECRET, or TURN_USERNAME and TURN_PASSWORD, to be of use");
  }
  if (has("TURN_SECRET") && credentials.length > 1) {
    faults.push("TURN_SECRET: can't go with TURN_USERNAME or TURN_PASSWORD; set one or the other");
  } else if (credentials.length === 1 && !has("TURN_SECRET")) {
    const [missing, other] = has("TURN_USERNAME")
      ? ["TURN_PASSWORD", "TURN_USERNAME"]
      : ["TURN_USERNAME", "TURN_PASSWORD"];
    faults.push(`${missing}: must be set, since ${other} is`);
  }
  if (!has("TURN_URLS")) {
    for (const variable of credentials) {
      faults.push(`${variable}: is for a TURN server; name one in TURN_URLS`);
    }
    if (given["ICE_TRANSPORT_POLICY"] === "relay") {
      faults.push(
        "ICE_TRANSPORT_POLICY: relay needs a TURN server to relay; name one in TURN_URLS",
      );
    }
  }
  return faults;
}
