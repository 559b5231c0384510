/** What the command line asks for. */

import { parseArgs } from "node:util";
import type { Contestant } from "./contestants.ts";
import { RESTART_PEERS } from "./goals.ts";

export interface Options {
  contestants: readonly Contestant[];
  /** Peers in the main measurement. */
  peers: number;
  /** Other numbers of peers, to see what grows. */
  growth: readonly number[];
  /** How many come back after a restart. */
  restartPeers: number;
  rounds: number;
}

export const HELP = `npm run bench -- [options]
  --only ours,peerjs   these servers alone: ws, socket.io, peerjs, lesson, ours, monitored, resuming
  --peers 1000         that many peers, after a restart as well, and no growth to 100 and 10,000
  --rounds 3           how often each server is visited
  --before file        another build's dist/main.js to compare with, named "before"
  --help`;

const MAIN_PEERS = 1_000;
const GROWTH = [100, 10_000];

/**
 * Reads the arguments.
 *
 * @throws Error that says what is wrong with them
 */
export function parseOptions(
  args: string[],
  createContestants: (before: string | undefined) => Contestant[],
): Options | "help" {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string" },
      peers: { type: "string" },
      rounds: { type: "string", default: "3" },
      before: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const peers = values.peers === undefined ? undefined : count("--peers", values.peers, 2);
  return {
    contestants: choose(createContestants(values.before), values.only),
    peers: peers ?? MAIN_PEERS,
    growth: peers === undefined ? GROWTH : [],
    restartPeers: peers ?? RESTART_PEERS,
    rounds: count("--rounds", values.rounds, 1),
  };
}

function choose(all: Contestant[], only: string | undefined): Contestant[] {
  if (only === undefined) return all;
  return only.split(",").map((name) => {
    const found = all.find((contestant) => contestant.name === name);
    if (found) return found;
    const known = all.map((contestant) => contestant.name).join(", ");
    throw new Error(`--only: there is no "${name}"; there are ${known}`);
  });
}

function count(option: string, text: string, min: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value % min !== 0) {
    throw new Error(`${option} must be a whole number from ${min}${min > 1 ? ", and even" : ""}`);
  }
  return value;
}
