import { expect, test } from "vitest";
import { createSparseLog } from "../../src/connections/sparse-log.ts";

test("at most so many lines, and the next that passes says how many were left out", () => {
  let nowMs = 0;
  const lines: object[] = [];
  const log = createSparseLog(
    (fields) => void lines.push(fields),
    { perSecond: 1, burst: 2 },
    () => nowMs,
  );
  for (let n = 1; n <= 100; n++) log({ n }, "joined");
  nowMs = 1_000;
  log({ n: 101 }, "joined");
  nowMs = 2_000;
  log({ n: 102 }, "joined");
  expect(lines).toEqual([{ n: 1 }, { n: 2 }, { n: 101, leftOut: 98 }, { n: 102 }]);
});
