/** Finds programs that tests need, such as coturn. */

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Also where Debian has programs for root alone. */
const FOLDERS = [
  ...(process.env["PATH"] ?? "").split(delimiter),
  "/usr/bin",
  "/usr/local/bin",
  "/usr/sbin",
  "/usr/local/sbin",
];

/** The path of a program; undefined if it isn't installed. */
export function findProgram(name: string): string | undefined {
  return FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** A port for a program that can't take any free one: below those that the system gives to outgoing connections. */
export const randomPort = () => 20_000 + Math.floor(Math.random() * 12_000);

/** Whether to skip a test for want of programs; says what to install. Under CI they have to be there. */
export function lacksPrograms(programs: readonly string[], advice: string): boolean {
  if (programs.every(findProgram)) return false;
  if (process.env["CI"]) throw new Error(advice);
  console.warn(`skipped: ${advice}`);
  return true;
}
