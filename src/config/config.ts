/** The configuration: the options, checked, in the shape that the server's parts take. */

import type { TokenOptions } from "../auth/authenticator.ts";
import { type IceOptions, turnAuthOf } from "../ice/options.ts";
import { checkOptions, optionsFromEnv } from "./check.ts";
import type { CheckedOptions, SignalingServerOptions } from "./options.ts";

type Credential =
  | "authSecret"
  | "authPublicKey"
  | "authAudience"
  | "turnSecret"
  | "turnUsername"
  | "turnPassword";

/** Every option with its value, the credentials in the form that they are used in. */
export interface Config extends Omit<CheckedOptions, Credential>, TokenOptions, IceOptions {}

/**
 * Makes options that were given in code a configuration, frozen.
 *
 * @param isAttached for a server that somebody else listens with
 * @throws ConfigError naming every fault at once
 */
export function createConfig(options: SignalingServerOptions, isAttached = false): Config {
  const {
    authSecret,
    authPublicKey,
    authAudience,
    turnSecret,
    turnUsername,
    turnPassword,
    ...rest
  } = checkOptions(options, isAttached);
  const config = {
    ...rest,
    tokenKey: authSecret ?? authPublicKey,
    tokenAudience: authAudience,
    turnAuth: turnAuthOf({ turnSecret, turnUsername, turnPassword }),
  };
  for (const value of Object.values(config)) Object.freeze(value);
  return Object.freeze(config);
}

/**
 * Makes environment variables a configuration, frozen.
 *
 * @throws ConfigError naming every variable at fault at once
 */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  return createConfig(optionsFromEnv(env));
}
