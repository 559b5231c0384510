import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import { grantIce } from "../../src/ice/grant.ts";
import { parseIceUrl } from "../../src/ice/url.ts";

const NOW_MS = 1_700_000_000_999;

/** What a peer called "ada" is given with these variables. */
function grant(env: Record<string, string>) {
  return grantIce(parseConfig(env), "ada", NOW_MS);
}

describe("what a peer is given", () => {
  test("nothing configured: no servers, and a time to ask again all the same", () => {
    expect(grant({})).toEqual({ iceServers: [], expiresAt: 1_700_003_600 });
  });

  test("STUN servers come without a credential", () => {
    expect(grant({ STUN_URLS: "stun:a.example, stuns:b.example:443" }).iceServers).toEqual([
      { urls: ["stun:a.example", "stuns:b.example:443"] },
    ]);
  });

  test("a secret makes a credential by the TURN REST scheme", () => {
    const { iceServers, expiresAt } = grant({
      STUN_URLS: "stun:a.example",
      TURN_URLS: "turn:a.example,turns:a.example:443?transport=tcp",
      TURN_SECRET: "north",
      TURN_TTL_SECONDS: "60",
    });
    expect(expiresAt).toBe(1_700_000_060);
    expect(iceServers).toEqual([
      { urls: ["stun:a.example"] },
      {
        urls: ["turn:a.example", "turns:a.example:443?transport=tcp"],
        username: "1700000060:ada",
        credential: createHmac("sha1", "north").update("1700000060:ada").digest("base64"),
      },
    ]);
  });

  test("the HMAC is the one that openssl makes", () => {
    // printf %s 1700000060:ada | openssl dgst -sha1 -hmac north -binary | base64
    const { iceServers } = grant({
      TURN_URLS: "turn:a.example",
      TURN_SECRET: "north",
      TURN_TTL_SECONDS: "60",
    });
    expect(iceServers[0]?.credential).toBe("kkqlIBstN6iLfkuOqWc6JoeqR8g=");
  });

  test("a fixed credential is handed on as it is", () => {
    const env = { TURN_URLS: "turn:a.example", TURN_USERNAME: "u", TURN_PASSWORD: "p" };
    expect(grant(env).iceServers).toEqual([
      { urls: ["turn:a.example"], username: "u", credential: "p" },
    ]);
  });

  test("each peer has a credential of its own, and the result is nobody else's", () => {
    const config = parseConfig({ TURN_URLS: "turn:a.example", TURN_SECRET: "north" });
    const ada = grantIce(config, "ada", NOW_MS).iceServers[0];
    const bob = grantIce(config, "bob", NOW_MS).iceServers[0];
    expect(ada?.credential).not.toBe(bob?.credential);
    expect(ada?.urls).not.toBe(bob?.urls);
    expect(grantIce(config, "ada", NOW_MS).iceServers[0]).toEqual(ada);
  });
});

describe("ICE URLs", () => {
  test.each([
    ["stun:a.example", "stun", "udp", "a.example", 3478],
    ["stuns:a.example", "stun", "tls", "a.example", 5349],
    ["turn:192.0.2.1:443", "turn", "udp", "192.0.2.1", 443],
    ["turn:a.example?transport=udp", "turn", "udp", "a.example", 3478],
    ["turn:a.example:80?transport=tcp", "turn", "tcp", "a.example", 80],
    ["turns:a.example", "turn", "tls", "a.example", 5349],
    ["turns:[2001:db8::1]:443?transport=tcp", "turn", "tls", "2001:db8::1", 443],
  ] as const)("%s is %s over %s to %s port %i", (url, service, transport, host, port) => {
    expect(parseIceUrl(url)).toEqual({ service, transport, host, port });
  });

  test.each([
    "",
    "a.example",
    "http://a.example",
    "stun://a.example",
    "STUN:a.example",
    "stun:",
    "stun::3478",
    "stun:a.example:0",
    "stun:a.example:65536",
    "stun:a.example:",
    "stun:a.example?transport=udp",
    "stun:user@a.example",
    "stun:a.example/path",
    "stun:a b",
    "stun:a.example\n",
    "stun:-a.example",
    "turn:[2001:db8::1",
    "turn:[1:2]",
    "turn:2001:db8::1",
    "turn:a.example?transport=sctp",
    "turn:a.example?transport=TCP",
    "turn:a.example?foo=bar",
    "turns:a.example?transport=udp",
  ])("%j is none that a browser can use", (url) => {
    expect(parseIceUrl(url)).toBeUndefined();
  });
});
