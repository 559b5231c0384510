/** Each connection is an open file, in the server as well as in the load. */

import { execSync } from "node:child_process";

/** What a process has open besides its connections. */
const OTHERS = 200;

/**
 * Why so many peers, with so many files each, can't be had here, or undefined when they can. Node raises its soft limit to
 * the hard one, and a shell started from here inherits that.
 */
export function lackOfFiles(peers: number, filesEach = 1): string | undefined {
  const limit = openFilesLimit();
  const needed = peers * filesEach + OTHERS;
  if (limit >= needed) return undefined;
  return (
    `${peers} peers need ${needed} open files, and this shell allows ${limit}: ` +
    `raise it with \`ulimit -n ${needed}\`, or ask for fewer with --peers`
  );
}

function openFilesLimit(): number {
  if (process.platform === "win32") return Number.POSITIVE_INFINITY;
  const text = execSync("ulimit -n", { shell: "/bin/sh", encoding: "utf8" }).trim();
  return text === "unlimited" ? Number.POSITIVE_INFINITY : Number(text);
}
