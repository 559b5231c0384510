/** The shape of a call report. */

import { z } from "zod";
import { type AddressedCallReport, CALL_FAILURES, CALL_PATHS } from "./call-report.ts";
import { MAX_CALL_MS, MAX_RTT_MS } from "./limits.ts";

const oneOf = <const T extends string>(values: readonly T[]) =>
  z.enum(values, { error: `must be one of ${values.join(", ")}` });

const number = (max: number) => {
  const error = `must be a number from 0 to ${max}`;
  return z.number({ error }).min(0, { error }).max(max, { error }).exactOptional();
};

const msError = `must be a whole number from 0 to ${MAX_CALL_MS}`;
const common = {
  to: z.string({ error: "must be the id of a peer" }),
  ms: z.int({ error: msError }).min(0, { error: msError }).max(MAX_CALL_MS, { error: msError }),
};
const figures = { path: oneOf(CALL_PATHS), rttMs: number(MAX_RTT_MS), lostPercent: number(100) };

/** The argument of `call_report`. Members of another outcome are dropped like unknown ones. */
export const callReport = z.discriminatedUnion(
  "outcome",
  [
    z.object({ ...common, outcome: z.literal("connected"), ...figures }),
    z.object({
      ...common,
      outcome: z.literal("failed"),
      reason: oneOf(CALL_FAILURES).exactOptional(),
    }),
    z.object({ ...common, outcome: z.literal("ended"), ...figures }),
  ],
  {
    error: ({ code }) =>
      code === "invalid_union"
        ? 'must be "connected", "failed" or "ended"'
        : "must be an object { to, outcome, ms, path?, rttMs?, lostPercent?, reason? }",
  },
) satisfies z.ZodType<AddressedCallReport>;
