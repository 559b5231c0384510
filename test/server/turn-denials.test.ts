/** Whom the documented configuration of coturn lets a relay reach. */

import { describe, expect, onTestFinished, test } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import { grantIce } from "../../src/ice/grant.ts";
import { probeIceServers } from "../../src/ice/probe/probe.ts";
import { connectStun } from "../../src/ice/probe/stun-connection.ts";
import { allocate } from "../../src/ice/probe/turn-client.ts";
import {
  type Coturn,
  documentedLines,
  lacksCoturn,
  ownAddress,
  startCoturn,
} from "../support/coturn.ts";

const PUBLIC_IPV4 = ["8.8.8.8", "192.0.2.1", "198.41.0.4", "1.0.0.0", "9.255.255.255", "11.0.0.0"];
const PRIVATE_IPV4 = [
  ...["0.0.0.0", "0.0.0.1", "10.0.0.0", "10.0.0.1", "10.255.255.255", "100.64.0.1", "127.0.0.1"],
  ...["127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1"],
  ...["192.168.0.0", "192.168.1.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"],
];
const PUBLIC_IPV6 = ["2001:db8::1", "2001:503:ba3e::2:30", "2606:4700::1111", "2a00::", "3fff::1"];
const PRIVATE_IPV6 = [
  ...["::", "::1", "::100", "::1:0", "64:ff9b::a00:1", "64:ff9b:1::a00:1", "2002:a00:1::1"],
  ...["fc00::", "fc00::1", "fd00:ec2::254", "fe80::", "fe80::1", "febf::1", "fec0::1", "ff02::1"],
  // Any IPv4 address written as IPv6, mapped or compatible, with zeros in each place.
  ...["a00:0", "a00:1", "a00:100", "7f00:0", "7f00:1", "7f00:100", "a9fe:a9fe"].flatMap(hexOf),
  ...["ac10:1", "c0a8:0", "c0a8:101", "6440:1", "808:808"].flatMap(hexOf),
];

function hexOf(ipv4: string): string[] {
  return [`::ffff:${ipv4}`, `::${ipv4}`];
}

/** Which of these peers a relay of this server may reach. */
async function reachable({ address, secret }: Coturn, peers: readonly string[]) {
  const url = { service: "turn", transport: "udp", host: address, port: 3478 } as const;
  const connection = await connectStun(url, AbortSignal.timeout(20_000));
  onTestFinished(() => connection.close());
  const config = parseConfig({ TURN_URLS: `turn:${address}`, TURN_SECRET: secret });
  const [{ username = "", credential = "" } = {}] = grantIce(config, "ada", Date.now()).iceServers;
  const relay = await allocate(connection, { username, password: credential });
  const reached: string[] = [];
  for (const peer of peers) {
    const refusal = await relay.createPermission(peer).catch((error: Error) => error.message);
    // Anything else than 403, such as the wrong family, would not be the list's doing.
    expect([undefined, "403 Forbidden IP"], peer).toContain(refusal);
    if (!refusal) reached.push(peer);
  }
  await relay.release();
  return reached;
}

describe.skipIf(lacksCoturn())("the documented configuration of coturn", () => {
  // Coturn would deny loopback by itself; the tests' own options allow it, so the list has to.
  test("lets an IPv4 relay reach public peers and no private one", async () => {
    const coturn = await startCoturn("secret", documentedLines());
    expect(await reachable(coturn, [...PUBLIC_IPV4, ...PRIVATE_IPV4])).toEqual(PUBLIC_IPV4);
  });

  test("lets an IPv6 relay reach public peers and no private one", async () => {
    const lines = [...documentedLines(), "allocation-default-address-family=ipv6"];
    const coturn = await startCoturn("secret", lines, "::1");
    expect(await reachable(coturn, [...PUBLIC_IPV6, ...PRIVATE_IPV6])).toEqual(PUBLIC_IPV6);
    const env = { TURN_URLS: `turn:${coturn.address}`, TURN_SECRET: coturn.secret };
    const [result] = await probeIceServers(parseConfig(env), Date.now());
    expect(result?.relay).toMatch(/^\[::1\]:/);
    expect(result).not.toHaveProperty("fault");
  });

  test("lets two relays behind NAT reach each other, given both of the server's addresses", async () => {
    const relayAddress = ownAddress();
    const lines = documentedLines();
    const commented = "# external-ip=203.0.113.5/10.0.0.5";
    expect(lines).toContain(commented);
    const probe = async (externalIp: string) => {
      const more = lines.map((line) => (line === commented ? externalIp : line));
      const { address, secret } = await startCoturn("secret", more, relayAddress);
      const urls = { TURN_URLS: `turn:${address}`, TURN_SECRET: secret };
      const config = parseConfig({ ...urls, ICE_TRANSPORT_POLICY: "relay" });
      return (await probeIceServers(config, Date.now()))[0];
    };
    const both = await probe(`external-ip=203.0.113.5/${relayAddress}`);
    expect(both?.relay).toMatch(/^203\.0\.113\.5:/);
    expect(both).not.toHaveProperty("fault");
    expect(await probe("external-ip=203.0.113.5")).toMatchObject({
      fault: expect.stringContaining("see external-ip"),
    });
  });
});
