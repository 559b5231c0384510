/** What happens on a server, step by step, as a seed has it. */

import type { JoinRequest } from "../../../src/protocol/messages.ts";
import { type Frame, otherFrames, relayFrame } from "../../support/frames.ts";
import type { Random } from "../../support/random.ts";
import { wildFrames } from "../../support/wild-frames.ts";

/** How a peer is connected. */
export type Transport = "websocket" | "polling" | "upgraded";

/**
 * How frames are written: in one TCP segment, cut anywhere, in fragments, each when the one before has arrived, or each
 * when the one before is answered.
 */
export type Writing = "at once" | "cut" | "fragments" | "apart" | "each";

/** One step. `who` connects and joins before, if need be. */
export type Step =
  | { do: "send"; who: number; writing: Writing; frames: Frame[] }
  /** All of it in one segment, with Socket.IO's DISCONNECT in the middle. */
  | { do: "say goodbye"; who: number; before: Frame[]; after: Frame[] }
  /** The connection is lost. It comes back as if it hadn't got the last `unread` messages. */
  | { do: "lose connection"; who: number; unread: number }
  | { do: "be removed"; who: number }
  | { do: "let pass"; ms: number }
  | { do: "look" };

/** Of a peer: how it connects, and joins, if it does; `early`: with CONNECT. */
export interface Role {
  transport: Transport;
  join?: JoinRequest;
  early?: boolean;
}

export const CAST: readonly Role[] = [
  { transport: "websocket", join: { room: "red", resume: true, candidateLists: true } },
  { transport: "websocket", join: { room: "red", resume: true } },
  { transport: "websocket", join: { room: "red", candidateLists: true } },
  { transport: "websocket", join: { room: "red", name: "Ada" }, early: true },
  { transport: "polling", join: { room: "red" } },
  { transport: "upgraded", join: { room: "green", resume: true, metadata: { a: 1 } } },
  { transport: "websocket", join: { room: "green" } },
  { transport: "websocket" },
  {
    transport: "websocket",
    join: { room: "green", resume: true, candidateLists: true },
    early: true,
  },
  { transport: "polling", join: { room: "green", resume: true } },
];

/** Steps that send so many frames. `isLimited`: there are allowances, which time refills. */
export function writeScript(random: Random, count: number, isLimited: boolean): Step[] {
  const steps: Step[] = [];
  let sent = 0;
  while (sent < count) {
    const step = isLimited && random.chance(0.4) ? letPass(random) : nextStep(random, isLimited);
    steps.push(step);
    if (step.do === "send") sent += step.frames.length;
    if (step.do === "say goodbye") sent += step.before.length + step.after.length;
  }
  return [...steps, { do: "look" }];
}

function nextStep(random: Random, isLimited: boolean): Step {
  const who = random.upTo(CAST.length - 1);
  const kind = random.next();
  if (kind < 0.03) return { do: "lose connection", who, unread: random.upTo(2) };
  if (kind < 0.035) return { do: "be removed", who };
  if (kind < 0.05) {
    return { do: "say goodbye", who, before: tame(random, 2), after: tame(random, 2) };
  }
  if (kind < 0.06) return { do: "look" };
  if (kind < 0.13) return wild(random, who, isLimited);
  if (isLimited && kind < 0.14) return flood(random, who);
  const writing = random.pick<Writing>([
    "at once",
    "at once",
    "at once",
    "cut",
    "fragments",
    "apart",
  ]);
  return { do: "send", who, writing: isLimited ? "each" : writing, frames: tame(random, 8) };
}

function tame(random: Random, most: number): Frame[] {
  const groups = Array.from({ length: 1 + random.upTo(most - 1) }, () =>
    random.chance(0.85) ? [relayFrame(random)] : otherFrames(random),
  );
  return groups.flat();
}

/** What is before it in its segment would be dropped, or not, as the two ways go in ticks; so it comes first. */
function wild(random: Random, who: number, isLimited: boolean): Step {
  const frames = [...wildFrames(random), ...(random.chance(0.5) ? tame(random, 3) : [])];
  const writing = random.pick<Writing>(["at once", "apart"]);
  return { do: "send", who, writing: isLimited ? "each" : writing, frames };
}

/** More than any allowance. */
function flood(random: Random, who: number): Step {
  const frames = Array.from({ length: 100 }, () => relayFrame(random));
  return { do: "send", who, writing: "each", frames };
}

function letPass(random: Random): Step {
  return { do: "let pass", ms: random.upTo(2_000) };
}
