/** The closed load: a number of pairs at a time set up calls, one after another. */

import { type Call, type Group, lengthOf } from "./call.ts";
import type { Crowd } from "./crowd.ts";
import type { Peer } from "./dialects/dialect.ts";

export interface CallsOptions {
  call: Call;
  /** How many rooms take part; their pairs call in turn. */
  rooms: number;
  /** Calls at the same time. */
  atOnce: number;
  /** After this many milliseconds no call is begun. */
  durationMs: number;
}

export interface Calls {
  calls: number;
  messages: number;
  seconds: number;
}

const LIMIT_MS = 60_000;

/** Sets calls up between the two of each room in turn, and resolves when the last one stands. */
export async function setUpCalls(crowd: Crowd, options: CallsOptions): Promise<Calls> {
  const { call, atOnce, durationMs } = options;
  const start = performance.now();
  const idle = crowd.rooms.slice(0, options.rooms);
  let calls = 0;
  let active = 0;
  let seconds = 0;
  const next = () => {
    const room = performance.now() - start < durationMs ? idle.shift() : undefined;
    if (!room) return;
    calls++;
    active++;
    setUpCall(crowd, room, options, () => {
      active--;
      seconds = (performance.now() - start) / 1_000;
      idle.push(room);
      next();
    });
  };
  for (let n = 0; n < atOnce; n++) next();
  await crowd.until(() => active === 0, durationMs + LIMIT_MS, "calls");
  return { calls, messages: calls * lengthOf(call), seconds };
}

/** One call. Each side sends its next candidates when the group before has arrived, as they trickle. */
function setUpCall(
  crowd: Crowd,
  [offerer, answerer]: readonly Peer[],
  { call }: CallsOptions,
  done: () => void,
): void {
  if (!offerer || !answerer) throw new Error("a room without a pair");
  let open = 2;
  const trickle = (from: Peer, to: Peer, groups: readonly Group[]) => {
    const unsent = [...groups];
    const step = () => {
      const group = unsent.shift();
      if (group) say(from, to, group, step);
      else if (--open === 0) done();
    };
    step();
  };
  const say = (from: Peer, to: Peer, group: Group, then: () => void) => {
    const missing = [...group];
    to.onArrival = (bytes) => {
      const message = missing.shift();
      // A server that shortens messages would win this unfairly.
      if (!message || bytes < message.payload.length) crowd.fail("a message arrived cut");
      if (missing.length === 0) then();
    };
    for (const message of group) from.send(message, to);
  };
  say(offerer, answerer, [call.offer], () =>
    say(answerer, offerer, [call.answer], () => {
      trickle(offerer, answerer, call.offererCandidates);
      trickle(answerer, offerer, call.answererCandidates);
    }),
  );
}
