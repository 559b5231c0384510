import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** What is measured here is wrong on a busy machine: run after all others, one file at a time. */
const MEASURED = [
  ...["fragments", "leaks", "rates", "slow-receivers"].map((name) => `security/${name}`),
  "resume/cuts",
].map((path) => `server/${path}.test.ts`);
const BUILD = ["test/support/build.ts"];

const project = (name: string, include: string[], options = {}) => ({
  extends: true as const,
  test: { name, include, ...options },
});

export default defineConfig({
  test: {
    dir: "test",
    testTimeout: 30_000,
    // By default 10 s and 1 s. On a busy machine, starting a browser takes longer, and so does what a test waits for.
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    // One for each core: half of the time, a test waits for a timeout or for a browser.
    maxWorkers: availableParallelism(),
    projects: [
      // One module graph for all of them: they change nothing outside of themselves.
      project("unit", ["unit/**/*.test.ts"], { isolate: false }),
      project("server", ["{server,repo}/**/*.test.ts"], {
        exclude: MEASURED,
        globalSetup: BUILD,
      }),
      project("browser", ["browser/**/*.test.ts"], { globalSetup: BUILD }),
      project("measured", MEASURED, {
        globalSetup: BUILD,
        maxWorkers: 1,
        sequence: { groupOrder: 1 },
      }),
    ],
  },
});
