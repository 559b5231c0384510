/** The credentials and `npm run ice:check` against a real TURN server. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import { probeIceServers } from "../../src/ice/probe/probe.ts";
import {
  type Coturn,
  documentedLines,
  lacksCoturn,
  ownAddress,
  startCoturn,
} from "../support/coturn.ts";
import { check } from "../support/ice-check.ts";
import { startServer } from "../support/server.ts";

/** What a peer that joins is given for this TURN server. */
async function givenTo(
  coturn: Coturn,
  secret = coturn.secret,
  doubles: { now?: () => number } = {},
) {
  const env = { TURN_URLS: `turn:${coturn.address}`, TURN_SECRET: secret };
  const server = await startServer(env, doubles);
  const ada = await server.connect();
  const joined = await ada.join("demo");
  const { username, credential } = (joined.ok && joined.iceServers[0]) || {};
  if (!username || !credential) throw new Error("no credential");
  return { username, credential };
}

/** Sends ten messages through relays with coturn's own client; resolves with what it says. */
async function relayed(coturn: Coturn, { username = "", credential = "" }): Promise<string> {
  const { address } = coturn;
  const who = ["-u", username, "-w", credential];
  const where = ["-y", "-c", "-n", "5", "-e", address, "-p", "3478", address];
  try {
    return (await promisify(execFile)("turnutils_uclient", [...who, ...where])).stdout;
  } catch (error) {
    return error instanceof Error && "stdout" in error ? String(error.stdout) : String(error);
  }
}

describe.skipIf(lacksCoturn())("credentials against coturn", () => {
  test("one from the acknowledgement of join relays", async () => {
    const coturn = await startCoturn();
    const output = await relayed(coturn, await givenTo(coturn));
    expect(output).toMatch(/tot_send_msgs=10, tot_recv_msgs=10/);
    expect(output).toMatch(/Total lost packets 0 /);
  });

  test("an expired, a tampered and a wrong-secret one are refused", async () => {
    const coturn = await startCoturn();
    const good = await givenTo(coturn);
    const [expiry = "", peer] = good.username.split(":");
    const twoHoursAgo = () => Date.now() - 7_200_000;
    const refused = {
      expired: await givenTo(coturn, coturn.secret, { now: twoHoursAgo }),
      "for longer": { ...good, username: `${Number(expiry) + 3_600}:${peer}` },
      "for somebody else": { ...good, username: `${expiry}:bob` },
      "another credential": {
        ...good,
        credential: good.credential.replace(/^./, (c) => (c === "A" ? "B" : "A")),
      },
      "wrong secret": await givenTo(coturn, "south"),
    };
    for (const [what, credential] of Object.entries(refused)) {
      expect(await relayed(coturn, credential), what).toContain("Cannot complete Allocation");
      await coturn.logged(new RegExp(`user <${credential.username}>: .* error 401`));
    }
    expect(coturn.log()).not.toContain("ALLOCATE processed, success");
  });
});

describe.skipIf(lacksCoturn())("the documented configuration of coturn", () => {
  test("is understood, and relays to nobody in a private network", async () => {
    const lines = documentedLines();
    expect(lines.length).toBeGreaterThan(20);
    const coturn = await startCoturn("secret", lines);
    expect(coturn.log()).not.toMatch(/bad configuration|ERROR/i);
    const { code } = await check({
      TURN_URLS: `turn:${coturn.address},turns:${coturn.address}`,
      TURN_SECRET: coturn.secret,
      NODE_EXTRA_CA_CERTS: coturn.cert,
    });
    expect(code).toBe(0);
    // The peers' own relays are at a loopback address here.
    expect(await relayed(coturn, await givenTo(coturn))).not.toContain("tot_recv_msgs=10");
    await coturn.logged(/403: Forbidden IP/);
  });
});

describe.skipIf(lacksCoturn())("npm run ice:check", () => {
  test("against a server as it should be", async () => {
    const { address, relayAddress, secret, cert, logged } = await startCoturn();
    const { code, rows, output } = await check({
      STUN_URLS: `stun:${address}`,
      TURN_URLS: `turn:${address},turn:${address}?transport=tcp,turns:${address}?transport=tcp`,
      TURN_SECRET: secret,
      NODE_EXTRA_CA_CERTS: cert,
    });
    const relay = expect.stringMatching(`^${relayAddress}:50\\d{3}$`);
    const ms = expect.stringMatching(/^\d{1,4}$/);
    const note = expect.stringMatching(/^note: only its own network/);
    expect(rows, output).toEqual([
      [`stun:${address}`, "yes", "-", "-", ms],
      [`turn:${address}`, "yes", "accepted", relay, ms, note],
      [`turn:${address}?transport=tcp`, "yes", "accepted", relay, ms, note],
      [`turns:${address}?transport=tcp`, "yes", "accepted", relay, ms, note],
    ]);
    expect(code).toBe(0);
    // It gives its relays back.
    await logged(/(refreshed,.*lifetime=0.*){3}/s);
  });

  test("against a server that denies every peer", async () => {
    const more = ["denied-peer-ip=::-::ffff:ffff:ffff"];
    const { address, secret, logged } = await startCoturn("secret", more);
    const env = { TURN_URLS: `turn:${address}`, TURN_SECRET: secret };
    const { code, rows } = await check(env);
    const words = /^it reaches nobody: .*\(403 Forbidden IP\); see denied-peer-ip; note: /;
    expect(rows[0]?.slice(0, 3)).toEqual([`turn:${address}`, "yes", "accepted"]);
    expect(rows[0]?.at(-1)).toMatch(words);
    expect(code).toBe(1);
    await logged(/refreshed,.*lifetime=0/);
  });

  test("with a wrong secret", async () => {
    const { address } = await startCoturn();
    const urls = { STUN_URLS: `stun:${address}`, TURN_URLS: `turn:${address}` };
    const { code, rows, output } = await check({ ...urls, TURN_SECRET: "canary" });
    const ms = expect.any(String);
    expect(rows).toEqual([
      [`stun:${address}`, "yes", "-", "-", ms],
      [`turn:${address}`, "yes", "refused", "-", ms, expect.stringContaining("TURN_SECRET")],
    ]);
    expect(code).toBe(1);
    expect(output).not.toContain("canary");
  });

  test("with nothing listening", async () => {
    const address = ownAddress();
    const { code, rows } = await check({
      STUN_URLS: `stun:${address}`,
      TURN_URLS: `turn:${address}?transport=tcp,turns:${address}:443`,
      TURN_SECRET: "north",
    });
    const ms = expect.any(String);
    expect(rows).toEqual([
      [`stun:${address}`, "no", "-", "-", ms, "nothing listens on UDP port 3478 there"],
      [
        `turn:${address}?transport=tcp`,
        "no",
        "-",
        "-",
        ms,
        "nothing listens on TCP port 3478 there",
      ],
      [`turns:${address}:443`, "no", "-", "-", ms, "nothing listens on TCP port 443 there"],
    ]);
    expect(code).toBe(1);
  });

  test("a certificate that nobody has signed", async () => {
    const { address, secret } = await startCoturn();
    const { code, rows } = await check({ TURN_URLS: `turns:${address}`, TURN_SECRET: secret });
    expect(rows[0]?.at(-1)).toMatch(/^TLS fails: self-signed certificate/);
    expect(code).toBe(1);
  });

  test("a fixed name and password, right and wrong", async () => {
    const { address } = await startCoturn("fixed");
    const env = { TURN_URLS: `turn:${address}`, TURN_USERNAME: "ada" };
    expect(await check({ ...env, TURN_PASSWORD: "pass" })).toMatchObject({ code: 0 });
    const wrong = await check({ ...env, TURN_PASSWORD: "canary" });
    expect(wrong.rows[0]?.at(-1)).toBe("it refuses TURN_USERNAME and TURN_PASSWORD");
    expect(wrong.code).toBe(1);
  });

  test("a server that lets everybody relay", async () => {
    const { address } = await startCoturn("none");
    const config = parseConfig({ TURN_URLS: `turn:${address}`, TURN_SECRET: "north" });
    expect(await probeIceServers(config, Date.now())).toEqual([
      expect.objectContaining({ reachable: true, fault: expect.stringContaining("anybody") }),
    ]);
  });

  test("nothing configured is said, and no fault", async () => {
    const { code, output } = await check({});
    expect(output.trim()).toBe("Neither STUN_URLS nor TURN_URLS is set.");
    expect(code).toBe(0);
  });

  test("a wrong configuration is listed like at the start of the server", async () => {
    const { code, output } = await check({ TURN_URLS: "turn:a.example" });
    expect(output).toMatch(/^ {2}TURN_URLS: /m);
    expect(code).toBe(1);
  });
});
