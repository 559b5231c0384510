import type { IncomingMessage } from "node:http";
import proxyAddr from "proxy-addr";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { clientAddress, createConnectionLimiter } from "../../src/connections/limits.ts";

const limiter = (maxConnections: number, maxConnectionsPerAddress: number) =>
  createConnectionLimiter({ maxConnections, maxConnectionsPerAddress });

/** A request from an address, with what it says of others. */
const request = (remoteAddress: string, forwardedFor?: string) =>
  ({
    socket: { remoteAddress },
    headers: { ...(forwardedFor !== undefined && { "x-forwarded-for": forwardedFor }) },
  }) as IncomingMessage;

describe("connection limits", () => {
  test("so many in all, so many from one address", () => {
    const take = limiter(3, 2);
    expect(take("192.0.2.1").ok).toBe(true);
    expect(take("192.0.2.1").ok).toBe(true);
    expect(take("192.0.2.1")).toMatchObject({ reason: expect.stringContaining("your address") });
    expect(take("192.0.2.2").ok).toBe(true);
    expect(take("192.0.2.3")).toMatchObject({ reason: expect.stringContaining("the server") });
  });

  test("a place given back is free again, and given back once", () => {
    const take = limiter(2, 1);
    const first = take("192.0.2.1");
    take("192.0.2.2");
    if (!first.ok) throw new Error("unreachable");
    first.release();
    first.release();
    expect(take("192.0.2.1").ok).toBe(true);
    expect(take("192.0.2.3").ok).toBe(false);
  });

  test("an address that has given back all its places is forgotten", () => {
    const set = vi.spyOn(Map.prototype, "set");
    onTestFinished(() => set.mockRestore());
    const admission = limiter(0, 2)("192.0.2.1");
    const byAddress = set.mock.contexts.at(-1) as Map<string, number>;
    expect([...byAddress.keys()]).toEqual(["192.0.2.1"]);
    if (!admission.ok) throw new Error("unreachable");
    admission.release();
    expect(byAddress.size).toBe(0);
  });

  test("0 sets no limit", () => {
    const take = limiter(0, 0);
    for (let n = 0; n < 1_000; n++) expect(take("192.0.2.1").ok).toBe(true);
  });

  test.each([
    ["192.0.2.1", "192.0.2.2", false],
    ["192.0.2.1", "::ffff:192.0.2.1", true],
    ["2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true],
    ["2001:db8:0:1::1", "2001:db8:0:2::1", false],
    ["2001:db8::1", "2001:0DB8:0:0::2", true],
    ["fe80::1%eth0", "fe80::2%eth1", true],
    ["", "rubbish", true],
  ])("%s and %s count as one: %s", (one, other, same) => {
    const take = limiter(0, 1);
    take(one);
    expect(take(other).ok).toBe(!same);
  });

  test("X-Forwarded-For counts only as far as it is trusted", () => {
    const address = (remote: string, forwarded: string | undefined, trusted: string[]) =>
      clientAddress(request(remote, forwarded), proxyAddr.compile(trusted));
    expect(address("192.0.2.1", "198.51.100.7", [])).toBe("192.0.2.1");
    expect(address("127.0.0.1", "198.51.100.7", ["loopback"])).toBe("198.51.100.7");
    // The last is what our own proxy has added; what stands before is the client's word.
    expect(address("127.0.0.1", "203.0.113.9, 198.51.100.7", ["loopback"])).toBe("198.51.100.7");
    expect(address("127.0.0.1", undefined, ["loopback"])).toBe("127.0.0.1");
    expect(address("127.0.0.1", "rubbish", ["loopback"])).toBe("127.0.0.1");
    expect(address("127.0.0.1", "198.51.100.7:51234", ["loopback"])).toBe("198.51.100.7");
    expect(address("127.0.0.1", "[2001:db8::7]:51234", ["loopback"])).toBe("2001:db8::7");
    expect(address("127.0.0.1", "2001:db8::7", ["loopback"])).toBe("2001:db8::7");
  });
});
