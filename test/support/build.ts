/** Builds `dist/` before the tests that serve the page or start the built program. */

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Each project has an instance of this module; they share the process. */
const DONE = "roomrelayIsBuilt";

export function setup(): void {
  if (DONE in globalThis) return;
  execFileSync("npm", ["run", "--silent", "build"], {
    cwd: ROOT,
    stdio: "inherit",
    // npm is a script on Windows.
    shell: process.platform === "win32",
  });
  Object.assign(globalThis, { [DONE]: true });
}
