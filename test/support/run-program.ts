/** Programs that run until the test ends. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { onTestFinished } from "vitest";
import { findProgram } from "./programs.ts";

/**
 * Starts a program; gives what reads its output.
 *
 * @param signal what ends it
 */
export function runProgram(
  name: string,
  args: string[],
  env: Record<string, string> = {},
  signal: NodeJS.Signals = "SIGKILL",
): () => string {
  const child = spawn(findProgram(name) ?? "", args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const ended = once(child, "close");
  onTestFinished(async () => {
    child.kill(signal);
    await ended;
  });
  return () => output;
}
