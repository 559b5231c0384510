/** `npm run test:long`: what measures, and would be wrong on a busy machine, and what takes minutes. */

import { defineConfig } from "vitest/config";
import { BUILD, COMMON } from "../vitest.config.ts";

export default defineConfig({
  test: { ...COMMON, include: ["long/**/*.test.ts"], globalSetup: BUILD, maxWorkers: 1 },
});
