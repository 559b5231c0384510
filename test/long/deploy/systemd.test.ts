/** The systemd unit, as systemd itself judges it. Its command is run by image.test.ts. */

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../src/config/config.ts";
import { readDeployFile } from "../../support/deploy-files.ts";
import { temporaryFolder } from "../../support/files.ts";
import { findProgram, lacksPrograms } from "../../support/programs.ts";

const PROGRAM = "systemd-analyze";
/** What a service without any protection has is 96, in tenths. */
const MAX_EXPOSURE = 15;

const unit = readDeployFile("roomrelay.service");
const lacksSystemd = lacksPrograms(
  process.platform === "linux" ? [PROGRAM] : ["on Linux"],
  "no systemd-analyze here: on Linux install the package systemd",
);

/** Has systemd judge the unit, with the path of this machine's node in it. */
function analyze(args: string[], text = unit) {
  const file = join(temporaryFolder(), "roomrelay.service");
  writeFileSync(file, text.replace("/usr/bin/node", process.execPath));
  const { status, stdout, stderr } = spawnSync(findProgram(PROGRAM) ?? "", [...args, file], {
    encoding: "utf8",
  });
  return { status, output: stdout + stderr };
}

const security = (text?: string) =>
  analyze(["security", "--offline=true", `--threshold=${MAX_EXPOSURE}`], text);

describe.skipIf(lacksSystemd)("roomrelay.service", () => {
  test("has no fault", () => {
    // Not those of the units that it names, which are this machine's.
    const verify = (text: string) => analyze(["verify", "--recursive-errors=no"], text);
    const misspelled = verify(unit.replace("KillMode", "KilMode"));
    expect(misspelled.output).toContain("KilMode");
    expect(misspelled.status).not.toBe(0);
    expect(verify(unit)).toEqual({ status: 0, output: expect.not.stringContaining("roomrelay") });
  });

  test("is exposed to as little as a service that listens can be", () => {
    const { status, output } = security();
    expect(status, output).toBe(0);
    expect(security(unit.replace("SystemCallFilter=@system-service\n", "")).status).toBe(1);
  });

  test("allows for each connection by default its files, and for the drain its time", () => {
    const numberOf = (key: string) => Number(unit.match(new RegExp(`^${key}=(\\d+)$`, "m"))?.[1]);
    const { maxConnections, drainDelayMs, drainTimeoutMs } = parseConfig({});
    expect(numberOf("LimitNOFILE")).toBeGreaterThan(3 * maxConnections);
    expect(numberOf("TimeoutStopSec") * 1_000).toBeGreaterThan(2 * (drainDelayMs + drainTimeoutMs));
  });
});
