import { defineConfig } from "vitest/config";

const project = (name: string, folders: string[], globalSetup: string[] = []) => ({
  extends: true as const,
  test: {
    name,
    include: folders.map((folder) => `${folder}/**/*.test.ts`),
    globalSetup,
  },
});

const BUILD = ["test/support/build.ts"];

export default defineConfig({
  test: {
    dir: "test",
    testTimeout: 30_000,
    projects: [
      project("unit", ["unit"]),
      project("server", ["server", "repo"], BUILD),
      project("browser", ["browser"], BUILD),
    ],
  },
});
