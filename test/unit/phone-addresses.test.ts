/** Which of a machine's addresses a phone is told, and what its certificate is for. */

import type { NetworkInterfaceInfo } from "node:os";
import { describe, expect, test } from "vitest";
import { ownAddresses, ownNames } from "../../src/server/phone/addresses.ts";
import { hostInUrl } from "../../src/server/url.ts";

const entry = (address: string, internal = false) =>
  ({ address, internal, family: address.includes(":") ? "IPv6" : "IPv4" }) as NetworkInterfaceInfo;

describe("the addresses", () => {
  test("private IPv4 comes first, then other IPv4, then IPv6", () => {
    const interfaces = {
      lo: [entry("127.0.0.1", true), entry("::1", true)],
      eth0: [entry("2001:db8::5"), entry("fe80::1"), entry("203.0.113.5")],
      wlan0: [entry("fd00::5"), entry("192.168.1.5")],
    };
    expect(ownAddresses(interfaces)).toEqual([
      "192.168.1.5",
      "203.0.113.5",
      "2001:db8::5",
      "fd00::5",
    ]);
  });

  test.each(["10.1.2.3", "172.16.0.1", "172.31.255.254", "192.168.0.1"])("%s is private", (ip) => {
    const interfaces = { a: [entry("172.32.0.1")], b: [entry(ip)], c: [entry("169.254.1.1")] };
    expect(ownAddresses(interfaces)).toEqual([ip, "172.32.0.1", "169.254.1.1"]);
  });

  test.each(["docker0", "br-1f2e", "virbr0", "utun3", "tailscale0", "vEthernet (WSL)", "vmnet8"])(
    "%s comes after the machine's own networks",
    (name) => {
      const interfaces = { [name]: [entry("172.17.0.1")], en0: [entry("100.64.0.5")] };
      expect(ownAddresses(interfaces)).toEqual(["100.64.0.5", "172.17.0.1"]);
    },
  );

  test("there may be none", () => {
    expect(ownAddresses({ lo: [entry("127.0.0.1", true)] })).toEqual([]);
  });

  test("IPv6 has brackets in a URL", () => {
    expect([hostInUrl("192.168.1.5"), hostInUrl("fd00::5")]).toEqual(["192.168.1.5", "[fd00::5]"]);
  });
});

describe("the names", () => {
  test.each([
    ["desk", ["localhost", "desk", "desk.local"]],
    ["Adas-Mac.local", ["localhost", "adas-mac.local"]],
    ["desk.example.com", ["localhost", "desk.example.com", "desk.local"]],
    ["", ["localhost"]],
    ["no name, ünïcode", ["localhost"]],
  ])("of a machine called %j", (name, names) => {
    expect(ownNames(name)).toEqual(names);
  });
});
