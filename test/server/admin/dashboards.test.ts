/** The dashboard and the alert rules name metrics that there are, and the manual knows every alert. */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { adminUrlOf } from "../../support/admin.ts";
import { startNodes } from "../../support/cluster.ts";
import { findProgram } from "../../support/programs.ts";
import { lacksPrometheus } from "../../support/prometheus.ts";
import { lacksRedis, RedisServer } from "../../support/redis.ts";

const pathOf = (file: string) => fileURLToPath(new URL(`../../../${file}`, import.meta.url));
const read = (file: string) => readFileSync(pathOf(file), "utf8");
const ALERTS = ".deploy/alerts.yaml";
const FILES = [ALERTS, ".deploy/grafana.json"];
const NAMES = /\b(?:roomrelay|process|nodejs)_\w+/g;

test.skipIf(lacksRedis())(
  "each metric that they name exists, and each of ours is shown",
  async () => {
    const redis = await RedisServer.start();
    try {
      const [node] = await startNodes(redis.url, { adminPort: 0 });
      const text = await (await fetch(`${adminUrlOf(node)}/metrics`)).text();
      const families = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
      const existing = families.flatMap(([, name = "", type]) =>
        type === "histogram" ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      );
      for (const file of FILES) {
        const names = [...read(file).matchAll(NAMES)].map(([name]) => name);
        expect(names.length).toBeGreaterThan(5);
        for (const name of names) expect(existing, file).toContain(name);
      }
      const shown = read(".deploy/grafana.json");
      const ours = families
        .map(([, name = ""]) => name)
        .filter((name) => name.startsWith("roomrelay_"));
      expect(
        ours.filter((name) => !shown.includes(name) && !name.endsWith("events_total")),
      ).toEqual([]);
      const manual = read(".github/OPERATIONS.md");
      for (const name of ours) expect(manual).toContain(`\`${name.slice("roomrelay_".length)}\``);
    } finally {
      await redis.end();
    }
  },
);

test("OPERATIONS.md says what to do for each alert", () => {
  const alerts = [...read(ALERTS).matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  const documented = [...read(".github/OPERATIONS.md").matchAll(/^\| `(Roomrelay\w+)` \|/gm)];
  expect(alerts.length).toBeGreaterThan(5);
  expect(documented.map(([, name]) => name)).toEqual(alerts);
});

test.skipIf(lacksPrometheus())("promtool accepts the rules", () => {
  const args = ["check", "rules", pathOf(ALERTS)];
  const { status, stderr } = spawnSync(findProgram("promtool") ?? "", args, { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});
