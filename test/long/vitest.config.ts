/**
 * `npm run test:long`: what measures, and would be wrong on a busy machine, and what takes minutes. And, without the lane
 * for offers, answers and candidates, those tests of `npm test` that say what a client sees.
 */

import { defineConfig } from "vitest/config";
import { BUILD, COMMON } from "../vitest.config.ts";

const PAST_THE_LANE = ["protocol/*", "security/*", "resume/*", "model"];

export default defineConfig({
  test: {
    ...COMMON,
    globalSetup: BUILD,
    maxWorkers: 1,
    projects: [
      { extends: true, test: { name: "long", include: ["long/**/*.test.ts"] } },
      {
        extends: true,
        test: {
          name: "past-the-lane",
          include: PAST_THE_LANE.map((path) => `server/${path}.test.ts`),
          env: { LANE: "off" },
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
