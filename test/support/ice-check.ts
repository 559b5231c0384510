/** `npm run ice:check` as a process of its own. */

import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { TestProcess } from "./server.ts";

const CHECK = fileURLToPath(new URL("../../dist/cli/check-ice.js", import.meta.url));

/** Runs `npm run ice:check`; resolves with its exit code and the cells of its table. */
export async function check(env: Record<string, string>) {
  // Away from a developer's own .env.
  const process = new TestProcess([CHECK], env, tmpdir());
  const code = await process.ended();
  const rows = process.output
    .trim()
    .split("\n")
    .map((row) => row.split(/\s{2,}/));
  return { code, rows: rows.slice(1), output: process.output };
}
