import { expect, test } from "vitest";
import { readServerInfo } from "../../src/rooms/redis/server-info.ts";

const info = (version: string, mode = "standalone") =>
  [
    "# Server",
    `redis_version:${version}`,
    `redis_mode:${mode}`,
    "run_id:0a1b",
    "uptime_in_seconds:7",
    "",
  ].join("\r\n");

test("names the process, and for how long it has been running", () => {
  for (const version of ["6.2.0", "7.0.15", "8.0", "10.1"]) {
    expect(readServerInfo(info(version))).toEqual({ runId: "0a1b", uptimeMs: 7_000 });
  }
});

test("says what is wrong with a Redis that can't be used", () => {
  for (const version of ["6.0.16", "5.0.14"]) {
    expect(() => readServerInfo(info(version))).toThrow(
      `this is Redis ${version}, and 6.2 or newer is needed`,
    );
  }
  expect(() => readServerInfo(info("7.0", "cluster"))).toThrow("this is a Redis Cluster");
});
