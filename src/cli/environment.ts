/** The configuration that the tools share with the server: the environment, and the file `.env`. */

import { config as loadDotenv } from "dotenv";
import { type Config, parseConfig } from "../config/config.ts";

/**
 * Reads the configuration of this folder.
 *
 * @throws ConfigError naming every variable at fault
 */
export function readConfig(): Config {
  loadDotenv({ quiet: true });
  return parseConfig(process.env);
}
