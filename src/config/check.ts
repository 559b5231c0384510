/** Checks options, and reads them from the environment. Every fault is told at once. */

import { z } from "zod";
import { iceFaults } from "../ice/options.ts";
import { nearestOf } from "./near-misses.ts";
import { type CheckedOptions, OPTIONS, type SignalingServerOptions } from "./options.ts";

/** Invalid options: one line for each fault, led by the option's name or its variable. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`Invalid configuration:\n${faults.map((fault) => `  ${fault}`).join("\n")}`);
    this.faults = faults;
  }
}

type Given = Readonly<Record<string, unknown>>;
/** A message names other options in backticks, like `turnUrls`. */
type Fault = readonly [option: string, message: string];

const schema = z.strictObject(OPTIONS, { error: "must be an object" });
/** What an application has decided for its server already. */
const NOT_ATTACHED = ["port", "host"];

/**
 * Checks options that were given in code, and fills in the defaults.
 *
 * @param isAttached for a server that somebody else listens with
 * @throws ConfigError naming every fault at once, unknown options too
 */
export function checkOptions(options: SignalingServerOptions, isAttached: boolean): CheckedOptions {
  return check(options, (name) => name, isAttached ? NOT_ATTACHED : []);
}

/**
 * The options that environment variables set, for `createSignalingServer`. A blank variable is unset.
 *
 * @throws ConfigError naming every variable at fault at once
 */
export function optionsFromEnv(
  env: Readonly<Record<string, string | undefined>>,
): SignalingServerOptions {
  const given: Record<string, unknown> = {};
  for (const [name, { variable, fromText }] of Object.entries(OPTIONS)) {
    const text = variable === undefined ? "" : env[variable];
    if (text?.trim()) given[name] = fromText(text);
  }
  assertOptions(given);
  return given;
}

function assertOptions(given: Given): asserts given is SignalingServerOptions {
  const variableOf = new Map(
    Object.entries(OPTIONS).map(([name, { variable }]) => [name, variable]),
  );
  check(given, (name) => variableOf.get(name) ?? name);
}

function check(
  given: Given,
  nameOf: (option: string) => string,
  excluded: readonly string[] = [],
): CheckedOptions {
  const parsed = schema.safeParse(given);
  const faults = [
    ...(parsed.error?.issues ?? []).flatMap(faultsOf),
    ...faultsTogether({ ...given }),
    ...excluded
      .filter((option) => Object(given)[option] !== undefined)
      .map((option): Fault => [option, "is up to the server that this is attached to"]),
  ];
  if (parsed.success && faults.length === 0) return parsed.data;
  throw new ConfigError(
    faults.map(
      ([option, message]) =>
        `${nameOf(option)}: ${message.replace(/`(\w+)`/g, (_, other) => nameOf(other))}`,
    ),
  );
}

function faultsOf(issue: z.core.$ZodIssue): Fault[] {
  return issue.code === "unrecognized_keys"
    ? issue.keys.map((key) => [key, notAnOption(key)])
    : [[String(issue.path[0] ?? "options"), issue.message]];
}

function notAnOption(key: string): string {
  const meant = nearestOf(key, Object.keys(OPTIONS));
  return meant === undefined ? "is not an option" : `is not an option; did you mean ${meant}?`;
}

/** Faults of several options together. They are looked for whether or not each one is valid. */
function faultsTogether(given: Given): Fault[] {
  const isSet = (option: string) => {
    const value = given[option];
    return value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0);
  };
  const faults: Fault[] = [];
  if (isSet("authSecret") && isSet("authPublicKey")) {
    faults.push([
      "authPublicKey",
      "excludes `authSecret`; set the one that your tokens are signed with",
    ]);
  }
  if (isSet("authAudience") && !isSet("authSecret") && !isSet("authPublicKey")) {
    faults.push(["authAudience", "does nothing without `authSecret` or `authPublicKey`"]);
  }
  if (isSet("authorize")) {
    for (const option of ["authSecret", "authPublicKey"].filter(isSet)) {
      faults.push([
        option,
        "excludes `authorize`; access tokens or the application decide, not both",
      ]);
    }
    if ([given["corsOrigins"]].flat().includes("*")) {
      faults.push([
        "corsOrigins",
        "must not be * beside `authorize`: any page could use the visitor's cookies; list the origins",
      ]);
    }
  }
  const isRelayOnly = given["iceTransportPolicy"] === "relay";
  return [...faults, ...iceFaults(isSet, isRelayOnly)];
}
