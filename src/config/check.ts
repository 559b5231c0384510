/** Checks options, and reads them from the environment. All faults are reported at once. */

import { isIPv4 } from "node:net";
import { z } from "zod";
import { iceFaults } from "../ice/options.ts";
import { nearestOf } from "./near-misses.ts";
import { type CheckedOptions, OPTIONS, type SignalingServerOptions } from "./options.ts";

/** Thrown for invalid options. Each fault is one line that begins with the option's name or its variable. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`Invalid configuration:\n${faults.map((fault) => `  ${fault}`).join("\n")}`);
    this.faults = faults;
  }
}

type Given = Readonly<Record<string, unknown>>;
/** An option and what is wrong with it; the message has other options' names in backticks. */
type Fault = readonly [option: string, message: string];

const schema = z.strictObject(OPTIONS, { error: "must be an object" });
/** Options that don't apply to an application's own server. */
const NOT_ATTACHED = ["port", "host"];

/**
 * Checks options given in code, and fills in the defaults.
 *
 * @param isAttached whether they are for an application's own HTTP server
 * @throws ConfigError with a line for each invalid or unknown option
 */
export function checkOptions(options: SignalingServerOptions, isAttached: boolean): CheckedOptions {
  return check(options, (name) => name, isAttached ? NOT_ATTACHED : []);
}

/**
 * Reads options from environment variables, for `createSignalingServer`. A blank variable counts as unset.
 *
 * @throws ConfigError with a line for each invalid variable
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
      .map((option): Fault => [option, "doesn't apply: the application's own server listens"]),
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

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

/** Faults in the combination of options. Checked even if single options are invalid. */
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
      faults.push([option, "excludes `authorize`; set one or the other"]);
    }
    if ([given["corsOrigins"]].flat().includes("*")) {
      faults.push([
        "corsOrigins",
        "must not be * with `authorize`: any page could use the visitor's cookies; list the origins",
      ]);
    }
  }
  if (isSet("redisUrl") && !isSet("resumeSecret") && given["resumeGraceMs"] !== 0) {
    faults.push([
      "redisUrl",
      "needs `resumeSecret`, since nodes take each other's tickets only with the same secret; set it, or `resumeGraceMs` to 0",
    ]);
  }
  const { adminHost = "127.0.0.1", adminPort, port = 3_000 } = given;
  if (isSet("adminPort") && !isSet("adminToken") && !isLoopback(String(adminHost))) {
    faults.push(["adminHost", "needs `adminToken`, since it isn't a loopback address"]);
  }
  if (adminPort !== undefined && adminPort !== 0 && adminPort === port) {
    faults.push(["adminPort", "must not be the same as `port`"]);
  }
  const isRelayOnly = given["iceTransportPolicy"] === "relay";
  return [...faults, ...iceFaults(isSet, isRelayOnly)];
}
