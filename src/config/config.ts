/** The configuration: the checked options, in the shape that the server's parts use. */

import type { KeyObject } from "node:crypto";
import type { TokenOptions } from "../auth/authenticator.ts";
import { type IceOptions, turnAuthOf } from "../ice/options.ts";
import { checkOptions, optionsFromEnv } from "./check.ts";
import type { CheckedOptions, SignalingServerOptions } from "./options.ts";

type Credential =
  | "authSecret"
  | "authPublicKey"
  | "authAudience"
  | "resumeSecret"
  | "turnSecret"
  | "turnUsername"
  | "turnPassword";

/** All options with their values; credentials are parsed. */
export interface Config extends Omit<CheckedOptions, Credential>, TokenOptions, IceOptions {
  /** The key that tickets are signed with, for `RESUME_SECRET`; undefined for a random one. */
  readonly resumeKey: KeyObject | undefined;
}

/**
 * Creates a frozen configuration from options given in code.
 *
 * @param isAttached whether they are for an application's own HTTP server
 * @throws ConfigError with a line for each invalid or unknown option
 */
export function createConfig(options: SignalingServerOptions, isAttached = false): Config {
  const {
    authSecret,
    authPublicKey,
    authAudience,
    resumeSecret,
    turnSecret,
    turnUsername,
    turnPassword,
    ...rest
  } = checkOptions(options, isAttached);
  const config = {
    ...rest,
    tokenKey: authSecret ?? authPublicKey,
    tokenAudience: authAudience,
    resumeKey: resumeSecret?.key,
    turnAuth: turnAuthOf({ turnSecret, turnUsername, turnPassword }),
  };
  for (const value of Object.values(config)) Object.freeze(value);
  return Object.freeze(config);
}

/**
 * Creates a frozen configuration from environment variables.
 *
 * @throws ConfigError with a line for each invalid variable
 */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  return createConfig(optionsFromEnv(env));
}
