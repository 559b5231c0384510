/** The certificate for phones: what it says, how it is kept, and when it is made anew. */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { keepCertificate } from "../../src/server/phone/certificate.ts";
import { temporaryFolder } from "../support/files.ts";

const DAY_MS = 86_400_000;
const NOW = Date.parse("2030-01-01T12:00:00Z");
const SUBJECTS = {
  required: ["localhost", "desk.local", "127.0.0.1", "::1", "192.168.1.5"],
  welcome: ["fd00::5"],
};

/** Where it is kept, in a folder that isn't there yet, and how to get it. */
function setUp() {
  const file = join(temporaryFolder(), "config", "roomrelay", "phone.pem");
  const keep = async (subjects = SUBJECTS, now = NOW) => {
    const pem = await keepCertificate(file, subjects, now);
    expect(readFileSync(file, "utf8")).toBe(pem);
    return new X509Certificate(pem);
  };
  return { file, folder: join(file, ".."), keep };
}

const serial = ({ serialNumber }: X509Certificate) => serialNumber;
const requiring = (...more: string[]) => ({
  ...SUBJECTS,
  required: [...SUBJECTS.required, ...more],
});

describe("a new certificate", () => {
  test("is for all names and addresses, and for a server", async () => {
    const certificate = await setUp().keep();
    for (const name of ["localhost", "desk.local"]) expect(certificate.checkHost(name)).toBe(name);
    for (const ip of ["127.0.0.1", "::1", "192.168.1.5", "fd00::5"]) {
      expect(certificate.checkIP(ip)).toBe(ip);
    }
    expect(certificate.checkIP("192.168.1.6")).toBeUndefined();
    expect(certificate.checkHost("example.com")).toBeUndefined();
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    expect(certificate.ca).toBe(false);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
  });

  test("is valid for at most 397 days, also where the clock is behind", async () => {
    const { validFrom, validTo } = await setUp().keep();
    const days = (Date.parse(validTo) - Date.parse(validFrom)) / DAY_MS;
    expect(days).toBeGreaterThan(390);
    expect(days).toBeLessThanOrEqual(397);
    expect(Date.parse(validFrom)).toBeLessThanOrEqual(NOW - DAY_MS / 2);
  });

  test.runIf(process.platform !== "win32")("can be read by its owner alone", async () => {
    const { file, folder, keep } = setUp();
    await keep();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder)).toEqual(["phone.pem"]);
  });
});

describe("a certificate that is there", () => {
  test("is kept until 30 days before its end, and not longer", async () => {
    const { keep } = setUp();
    const first = await keep();
    const end = Date.parse(first.validTo);
    expect(serial(await keep(SUBJECTS, end - 31 * DAY_MS))).toBe(serial(first));
    expect(serial(await keep(SUBJECTS, end - 29 * DAY_MS))).not.toBe(serial(first));
  });

  test("is made anew for another address, and is still for those before", async () => {
    const { keep } = setUp();
    const first = await keep();
    const second = await keep({ required: ["localhost", "desk", "10.0.0.7"], welcome: [] });
    expect(serial(second)).not.toBe(serial(first));
    for (const ip of ["10.0.0.7", "192.168.1.5", "fd00::5"]) expect(second.checkIP(ip)).toBe(ip);
    expect(second.checkHost("desk")).toBe("desk");
    // Back in the first network, nothing is to be accepted again.
    expect(serial(await keep())).toBe(serial(second));
  });

  test("is kept when only a welcome address is new", async () => {
    const { keep } = setUp();
    const first = await keep();
    expect(serial(await keep({ ...SUBJECTS, welcome: ["fd00::6"] }))).toBe(serial(first));
  });

  test("holds 64 names and addresses, or as many as are required", async () => {
    const { keep } = setUp();
    const many = (count: number) => Array.from({ length: count }, (_, n) => `10.0.0.${n}`);
    const listed = async (subjects: typeof SUBJECTS) =>
      (await keep(subjects)).subjectAltName?.split(", ") ?? [];
    expect(await listed(requiring(...many(58)))).toHaveLength(64);
    expect(await listed(requiring("10.9.9.9"))).toHaveLength(64);
    expect((await keep(requiring("10.9.9.9"))).checkIP("10.9.9.9")).toBe("10.9.9.9");
    expect(await listed(requiring(...many(70)))).toHaveLength(75);
  });

  test.each([
    ["empty", () => ""],
    ["nonsense", () => "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----"],
    ["cut off", (pem: string) => pem.slice(0, pem.length / 2)],
    ["without its key", (pem: string) => pem.slice(pem.indexOf("-----BEGIN CERTIFICATE"))],
  ])("is made anew if the file is %s", async (_what, harm) => {
    const { file, keep } = setUp();
    const first = await keep();
    writeFileSync(file, harm(readFileSync(file, "utf8")));
    const second = await keep();
    expect(serial(second)).not.toBe(serial(first));
    expect(second.checkPrivateKey(createPrivateKey(readFileSync(file)))).toBe(true);
  });

  test("is made anew if its key is another one's", async () => {
    const [one, other] = [setUp(), setUp()];
    const first = await one.keep();
    await other.keep();
    const keyOf = (pem: string) => pem.slice(0, pem.indexOf("-----BEGIN CERTIFICATE"));
    const mixed = keyOf(readFileSync(other.file, "utf8")) + first.toString();
    writeFileSync(one.file, mixed);
    expect(serial(await one.keep())).not.toBe(serial(first));
  });
});

describe("a folder that can't be used", () => {
  test("is the error of the file system", async () => {
    const { file, keep } = setUp();
    mkdirSync(file, { recursive: true });
    await expect(keep()).rejects.toMatchObject({ code: "EISDIR" });
  });
});
