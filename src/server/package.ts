/** What comes with the package. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The folder with the built pages and the client: the same from src/ and from dist/. */
export const PUBLIC_FOLDER = fileURLToPath(new URL("../../dist/public", import.meta.url));

/** The version of the package. */
export function readVersion(): string {
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  );
  return version;
}
