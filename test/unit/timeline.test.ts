import { expect, test } from "vitest";
import { Timelines } from "../../src/monitoring/timeline.ts";

const create = (stepsPerRoom: number, steps: number) => new Timelines({ stepsPerRoom, steps });
const offer = (from: string, at = 0) => ({
  at,
  event: "offer",
  from,
  bytes: 5,
  delivered: 1,
  outcome: "ok",
});
const refused = (from: string, outcome: string) => ({ at: 0, event: "offer", from, outcome });

test("a peer's steps are those of its room, from when it enters until it leaves", () => {
  const timelines = create(10, 100);
  timelines.addOf("a", offer("a", 1));
  timelines.enter("r", "a");
  timelines.addOf("a", offer("a", 2));
  timelines.enter("s", "a");
  timelines.addOf("a", offer("a", 3));
  timelines.exit("a");
  timelines.addOf("a", offer("a", 4));
  expect(timelines.of("r")).toEqual([offer("a", 2)]);
  expect(timelines.of("s")).toEqual([offer("a", 3)]);
  expect(timelines.of("nowhere")).toEqual([]);
});

test("a room keeps its last steps", () => {
  const timelines = create(3, 100);
  for (let at = 1; at <= 50; at++) timelines.add("r", offer("a", at));
  expect(timelines.of("r").map(({ at }) => at)).toEqual([48, 49, 50]);
});

test("the same refusal again is counted, and doesn't push others out", () => {
  const timelines = create(4, 100);
  timelines.add("r", offer("a"));
  for (let n = 0; n < 1_000; n++) timelines.addRefusal("r", refused("a", "rate_limited"));
  timelines.addRefusal("r", refused("a", "not_in_room"));
  timelines.addRefusal("r", refused("b", "not_in_room"));
  expect(timelines.of("r")).toEqual([
    offer("a"),
    { ...refused("a", "rate_limited"), times: 1_000 },
    refused("a", "not_in_room"),
    refused("b", "not_in_room"),
  ]);
});

test("what was done again is noted again", () => {
  const timelines = create(4, 100);
  for (const at of [1, 2]) timelines.add("r", offer("a", at));
  expect(timelines.of("r")).toEqual([offer("a", 1), offer("a", 2)]);
});

test("joins are refused to anybody: each outcome is one step, however many peers try", () => {
  const timelines = create(4, 100);
  const join = (from: string, outcome: string) => ({ at: 0, event: "join", from, outcome });
  timelines.add("r", offer("a"));
  for (let n = 0; n < 300; n++) {
    timelines.addRefusal("r", join(`x${n}`, "room_full"));
    timelines.addRefusal("r", join(`y${n}`, "forbidden"));
  }
  expect(timelines.of("r")).toEqual([
    offer("a"),
    { ...join("x299", "room_full"), times: 300 },
    { ...join("y299", "forbidden"), times: 300 },
  ]);
});

test("with too many steps in all, quiet rooms are forgotten, and those in use are not", () => {
  const timelines = create(10, 100);
  for (let room = 0; room < 1_000; room++) {
    for (let n = 0; n < 4; n++) timelines.add(`r${room}`, offer("a"));
    timelines.add("in use", offer("b"));
  }
  expect(timelines.of("in use")).toHaveLength(10);
  const kept = Array.from({ length: 1_000 }, (_, room) => timelines.of(`r${room}`).length);
  expect(kept.reduce((sum, length) => sum + length)).toBeLessThanOrEqual(90);
  expect(kept.slice(-8)).toEqual(Array(8).fill(4));
  expect(timelines.has("r0")).toBe(false);
});
