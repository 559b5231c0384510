/** Keeps the server and the load on separate cores, where `taskset` and a second core exist. */

import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";

export const SERVER_CORE = 0;
const LOAD_CORE = 1;

/** Whether there is a core for each of the two. */
export const hasOwnCores =
  availableParallelism() > 1 && spawnSync("taskset", ["--version"]).status === 0;

/** What to put in front of a command that is to run on this core alone. */
export function taskset(core: number): string[] {
  return hasOwnCores ? ["taskset", "--cpu-list", String(core)] : [];
}

/** Puts this process, which makes the load, on the other core. */
export function pinLoad(): void {
  if (!hasOwnCores) return;
  const args = ["--all-tasks", "--cpu-list", "--pid", String(LOAD_CORE), String(process.pid)];
  spawnSync("taskset", args);
}
