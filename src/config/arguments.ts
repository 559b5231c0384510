/** The arguments of the program; options for production are in the environment. */

import { ConfigError } from "./check.ts";

const DEFAULT_PHONE_PORT = 3_443;
const USAGE = "roomrelay [--phone[=PORT]], npm start -- [--phone[=PORT]]";

/** What the program was told. */
export interface Arguments {
  /** Port of HTTPS for phones in the same network; 0 takes any free one. Undefined: there is none. */
  readonly phonePort: number | undefined;
}

/**
 * Parses the arguments behind the program's name.
 *
 * @throws ConfigError with a line for each fault, and the usage
 */
export function parseArguments(args: readonly string[]): Arguments {
  let phonePort: number | undefined;
  const faults: string[] = [];
  for (const argument of args) {
    const [isPhone, value] = /^--phone(?:=(.*))?$/.exec(argument) ?? [];
    if (!isPhone) faults.push(`${argument}: is not an argument; a port is written --phone=3443`);
    else if (value === undefined) phonePort = DEFAULT_PHONE_PORT;
    else if (/^\d{1,5}$/.test(value) && Number(value) <= 65_535) phonePort = Number(value);
    else faults.push(`${argument}: must be a port, 0 to 65535`);
  }
  if (faults.length > 0) throw new ConfigError([...faults, `usage: ${USAGE}`]);
  return { phonePort };
}
