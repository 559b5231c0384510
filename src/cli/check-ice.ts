#!/usr/bin/env node
/** `roomrelay ice-check`, `npm run ice:check`: tests the configured STUN and TURN servers, and prints a table. */

import { ConfigError } from "../config/check.ts";
import { type IceProbe, probeIceServers } from "../ice/probe/probe.ts";
import { readConfig } from "./environment.ts";

try {
  const probes = await probeIceServers(readConfig(), Date.now());
  console.log(probes.length > 0 ? tableOf(probes) : "Neither STUN_URLS nor TURN_URLS is set.");
  // A DNS lookup in progress would keep the process running.
  process.exit(probes.some(({ fault }) => fault) ? 1 : 0);
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
}

function tableOf(probes: readonly IceProbe[]): string {
  const rows = probes.map((probe) => [
    probe.url,
    probe.reachable ? "yes" : "no",
    probe.credential ?? "-",
    probe.relay ?? "-",
    String(probe.milliseconds),
    [probe.fault, probe.remark].filter(Boolean).join("; "),
  ]);
  rows.unshift(["server", "reachable", "credential", "relay address", "ms", "what is wrong"]);
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths?.[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
