import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const project = (name: string, include: string[], options = {}) => ({
  extends: true as const,
  test: { name, include, ...options },
});

/** What the tests of `npm test` and those of `npm run test:long` have in common. */
export const COMMON = {
  dir: "test",
  // One module graph and one browser for all files of a worker: they leave nothing behind.
  isolate: false,
  testTimeout: 30_000,
  // By default 10 s and 1 s. On a busy machine, starting a browser takes longer, and so does what a test waits for.
  hookTimeout: 60_000,
  expect: { poll: { timeout: 20_000 } },
};
export const BUILD = ["test/support/build.ts"];

export default defineConfig({
  test: {
    ...COMMON,
    // One for each core: half of the time, a test waits.
    maxWorkers: availableParallelism(),
    projects: [
      project("unit", ["unit/**/*.test.ts"]),
      project("server", ["{server,repo}/**/*.test.ts"], { globalSetup: BUILD }),
      // One at a time, after the others: a single call keeps two cores busy.
      project("browser", ["browser/**/*.test.ts"], {
        globalSetup: BUILD,
        maxWorkers: 1,
        sequence: { groupOrder: 1 },
      }),
    ],
  },
});
