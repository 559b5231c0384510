/** The certificate for HTTPS in the local network: made by this machine for itself, and kept. */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { dirname } from "node:path";
import ipaddr from "ipaddr.js";

const DAY_MS = 86_400_000;
/** The longest that browsers accept (CA/Browser Forum, Baseline Requirements 6.3.2). */
const VALID_DAYS = 397;
const RENEW_DAYS = 30;
/** Names and addresses in one certificate, with those that the machine had before, as far as they fit in. */
const MAX_SUBJECTS = 64;

/** Names and IP addresses that a certificate is for. */
export interface Subjects {
  /** Without one of these, a certificate is made anew. */
  readonly required: readonly string[];
  /** What a new one is for besides. */
  readonly welcome: readonly string[];
}

interface Kept {
  pem: string;
  certificate: X509Certificate;
}

/**
 * Reads the key and the certificate from a file, as PEM. They are made anew only if there are none, if they are
 * broken, expire within 30 days or lack a required name: each new one has to be accepted on each phone.
 *
 * @throws the error of `node:fs` when the file can't be read or written
 */
export async function keepCertificate(
  file: string,
  { required, welcome }: Subjects,
  now: number,
): Promise<string> {
  const kept = readKept(file);
  if (kept && isCurrent(kept.certificate, now) && covers(kept.certificate, required))
    return kept.pem;
  const before = kept ? subjectsOf(kept.certificate) : [];
  const subjects = new Set([...required, ...welcome, ...before]);
  const count = Math.max(MAX_SUBJECTS, required.length);
  const pem = await makeCertificate([...subjects].slice(0, count), now);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // Renamed, so that a server that starts at the same time never reads half of it.
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, pem, { mode: 0o600 });
  renameSync(draft, file);
  return pem;
}

/** Undefined if there is none, or none that can be used. */
function readKept(file: string): Kept | undefined {
  const pem = readIfThere(file);
  if (pem === undefined) return undefined;
  try {
    const certificate = new X509Certificate(pem);
    const isPair = certificate.checkPrivateKey(createPrivateKey(pem));
    return isPair ? { pem, certificate } : undefined;
  } catch {
    return undefined;
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function isCurrent({ validFrom, validTo }: X509Certificate, now: number): boolean {
  return Date.parse(validFrom) <= now && Date.parse(validTo) - now > RENEW_DAYS * DAY_MS;
}

function covers(certificate: X509Certificate, subjects: readonly string[]): boolean {
  return subjects.every((subject) =>
    isIP(subject) ? certificate.checkIP(subject) : certificate.checkHost(subject),
  );
}

/** The names and addresses in it, as `node:os` writes them. */
function subjectsOf({ subjectAltName = "" }: X509Certificate): string[] {
  const entries = subjectAltName.matchAll(/(?:^|, )(?:DNS:([\w.-]+)|IP Address:([\da-fA-F.:]+))/g);
  return [...entries].map(([, name, address = ""]) => name ?? ipaddr.parse(address).toString());
}

/** A new key, and a certificate that is signed with it, in one text. */
async function makeCertificate(subjects: readonly string[], now: number): Promise<string> {
  // It takes a tenth of a second to load, and most starts don't need it.
  const { generate } = await import("selfsigned");
  // A phone's clock may be behind.
  const notBeforeDate = new Date(now - DAY_MS);
  const altNames = subjects.map((subject) =>
    isIP(subject) ? { type: 7 as const, ip: subject } : { type: 2 as const, value: subject },
  );
  const { private: key, cert } = await generate([{ name: "commonName", value: "roomrelay" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate,
    notAfterDate: new Date(notBeforeDate.getTime() + VALID_DAYS * DAY_MS),
    extensions: [
      // Whoever trusts it trusts this server, and nothing that its key would sign.
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      { name: "subjectAltName", altNames },
    ],
  });
  return `${key.trim()}\n${cert.trim()}\n`;
}
