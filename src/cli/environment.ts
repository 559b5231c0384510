/** Reading the configuration for the tools, as the server does. */

import { config as loadDotenv } from "dotenv";
import { type Config, parseConfig } from "../config/config.ts";

/**
 * Reads the configuration from the environment, and from the file `.env` in the current folder.
 *
 * @throws ConfigError with a line for each invalid variable
 */
export function readConfig(): Config {
  loadDotenv({ quiet: true });
  return parseConfig(process.env);
}
