/** A real TURN server: coturn, on a loopback address of its own, stopped when the test ends. */

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { findProgram, lacksPrograms } from "./programs.ts";

const PROGRAMS = ["turnserver", "turnutils_uclient", "openssl"];

/** Whether to skip a test for want of coturn; says what to install. Under CI there has to be one. */
export function lacksCoturn(): boolean {
  // Elsewhere 127.0.0.1 is the only loopback address.
  const programs = process.platform === "linux" ? PROGRAMS : ["on Linux"];
  return lacksPrograms(
    programs,
    "no coturn here: on Linux install the packages coturn and openssl",
  );
}

/** A loopback address that nobody else uses, so that every port on it is free. */
export function ownAddress(): string {
  const byte = (min: number) => min + Math.floor(Math.random() * (255 - min));
  return `127.${byte(2)}.${byte(0)}.${byte(1)}`;
}

/** The lines of the configuration in TURN.md. */
export function documentedLines(): string[] {
  const text = readFileSync(new URL("../../.github/TURN.md", import.meta.url), "utf8");
  return text.match(/```\n(realm=.*?)```/s)?.[1]?.split("\n") ?? [];
}

export interface Coturn {
  /** Where it listens, on port 3478 for UDP and TCP, and 5349 for TLS. */
  readonly address: string;
  /** Where the peers' relays are: another one, so that a test can tell them apart. */
  readonly relayAddress: string;
  readonly secret: string;
  /** The file with the certificate, which it has signed itself. */
  readonly cert: string;
  /** Everything it has logged. */
  log(): string;
  /** Resolves with the match when the log has one. */
  logged(pattern: RegExp): Promise<RegExpMatchArray>;
}

/** How it checks credentials: by the TURN REST scheme, as the user `ada` with `pass`, or not at all. */
const AUTH = {
  secret: (secret: string) => ["use-auth-secret", `static-auth-secret=${secret}`],
  fixed: () => ["lt-cred-mech", "user=ada:pass"],
  none: () => ["no-auth"],
};

/** Starts coturn; what its configuration says besides is in `more`, ours goes before it. */
export async function startCoturn(
  auth: keyof typeof AUTH = "secret",
  more: readonly string[] = [],
  relayAddress = ownAddress(),
): Promise<Coturn> {
  const address = ownAddress();
  const secret = `north-${address}`;
  const folder = mkdtempSync(join(tmpdir(), "coturn-"));
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  createCertificate(address, cert, key);
  const ours = [
    ...AUTH[auth](secret),
    `listening-ip=${address}`,
    `relay-ip=${relayAddress}`,
    "tls-listening-port=5349",
    "allow-loopback-peers",
    "realm=turn.example.com",
    "fingerprint",
    "no-cli",
    `cert=${cert}`,
    `pkey=${key}`,
    "no-dtls",
    "min-port=50000",
    "max-port=50099",
    "verbose",
    "log-file=stdout",
    `pidfile=${join(folder, "pid")}`,
    `userdb=${join(folder, "db")}`,
  ];
  const option = (line: string) => line.split("=")[0];
  const taken = new Set(ours.map(option));
  const configuration = [...ours, ...more.filter((line) => !taken.has(option(line)))];
  writeFileSync(join(folder, "conf"), `${configuration.join("\n")}\n`);
  const child = spawn(findProgram("turnserver") ?? "", ["-c", join(folder, "conf")], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  const heard: (() => void)[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      for (const resolve of heard.splice(0)) resolve();
    });
  }
  const ended = once(child, "close").then(() => {
    for (const resolve of heard.splice(0)) resolve();
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true });
  });
  const logged = async (pattern: RegExp) => {
    for (;;) {
      const match = log.match(pattern);
      if (match) return match;
      if (child.exitCode !== null) throw new Error(`coturn ended without ${pattern}:\n${log}`);
      await new Promise<void>((resolve) => heard.push(resolve));
    }
  };
  // The last of its threads to start.
  await logged(/admin thread/);
  return { address, relayAddress, secret, cert, log: () => log, logged };
}

/** A certificate for one day and this address, signed by itself. */
function createCertificate(address: string, cert: string, key: string): void {
  const what = ["req", "-x509", "-nodes", "-days", "1", "-subj", "/CN=turn", "-addext"];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
  const files = ["-keyout", key, "-out", cert];
  execFileSync(
    findProgram("openssl") ?? "",
    [...what, `subjectAltName=IP:${address}`, ...kind, ...files],
    {
      stdio: "ignore",
    },
  );
}
