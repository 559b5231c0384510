import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { createOriginCheck, hostOf, printable } from "../../src/connections/origins.ts";

const LIST = ["https://app.example"];

describe("origins", () => {
  test.each([
    "http://localhost",
    "http://localhost:5173",
    "https://localhost:8443",
    "http://127.0.0.1:3000",
    "http://[::1]:3000",
    "https://signaling.example",
  ])("by default %s passes at signaling.example", (origin) => {
    expect(createOriginCheck([])(origin, "signaling.example")).toBe(true);
  });

  test.each([
    "null",
    "",
    // Its name may lead here for a moment only: DNS rebinding.
    "http://signaling.example",
    "https://evil.example",
    "https://signaling.example.evil.example",
    "https://signaling.example:444",
    "https://evil.signaling.example",
    "ftp://signaling.example",
    // Another machine's page: an IP address or a local name is nothing by itself.
    "http://192.168.0.5:8080",
    "http://nas",
    "http://nas.local",
    "http://localhost.evil.example",
    "http://localhost:3000.evil.example",
    "http://localhost:3000/",
    "http://evil.example/http://localhost",
    "http://127.0.0.1.evil.example",
    "http://127.0.0.2",
    "http://localhost\n",
    "HTTP://LOCALHOST",
  ])("by default %j does not", (origin) => {
    expect(createOriginCheck([])(origin, "signaling.example")).toBe(false);
  });

  test.each([
    ["localhost", true],
    ["localhost:3000", true],
    ["192.168.0.5", true],
    ["192.168.0.5:3000", true],
    ["203.0.113.5:3000", true],
    ["[fd00::5]:3000", true],
    ["[::1]", true],
    ["nas", true],
    ["my-server_1:3000", true],
    ["nas.local:3000", true],
    ["xn--bcher-kva.local", true],
    ["evil.example", false],
    ["evil.example:3000", false],
    ["evil.local.example", false],
    ["evil.localhost.example", false],
    ["evil.example.", false],
    ["nas.local.", false],
    [".local", false],
    ["192.168.0.5.evil.example", false],
    ["192.168.0.256", false],
    ["[evil.example]", false],
    ["[fd00::5].evil.example", false],
    ["evil.example/.local", false],
    ["evil.example@nas", false],
    ["", false],
  ])("the server's own page of http://%s passes: %s, whatever is in the list", (host, may) => {
    for (const allowed of [[], LIST]) {
      expect(createOriginCheck(allowed)(`http://${host}`, host)).toBe(may);
    }
  });

  test("its own page by TLS passes: who has led the name here has no certificate for it", () => {
    for (const allowed of [[], LIST]) {
      const isAllowed = createOriginCheck(allowed);
      expect(isAllowed("https://signaling.example:8443", "signaling.example:8443")).toBe(true);
      expect(isAllowed("https://evil.example", "signaling.example")).toBe(false);
    }
  });

  test("a list is exact, and takes the place of this machine's pages", () => {
    const isAllowed = createOriginCheck(LIST);
    expect(isAllowed("https://app.example", "x")).toBe(true);
    for (const origin of [
      "http://app.example",
      "https://app.example:8443",
      "http://localhost",
      "https://y",
      "null",
    ]) {
      expect(isAllowed(origin, "x"), origin).toBe(false);
    }
  });

  test("no Origin is no page, and passes; * lets every page in", () => {
    expect(createOriginCheck([])(undefined)).toBe(true);
    expect(createOriginCheck(LIST)(undefined)).toBe(true);
    expect(createOriginCheck(["*"])("https://anyone.example")).toBe(true);
    expect(createOriginCheck(["*"])("null")).toBe(true);
    expect(createOriginCheck([])("http://undefined")).toBe(false);
    expect(createOriginCheck([])("https://undefined")).toBe(false);
  });
});

test.each([
  [{ host: "a" }, true, "a"],
  [{ host: "a", "x-forwarded-host": "b" }, false, "a"],
  [{ host: "a", "x-forwarded-host": "b" }, true, "b"],
  [{ host: "a", "x-forwarded-host": " b , c" }, true, "b"],
  [{ host: "a", "x-forwarded-host": "" }, true, "a"],
  [{}, true, undefined],
])("%j, from a trusted proxy: %s, asks for %s", (headers, isTrusted, host) => {
  const request = Object.assign(new IncomingMessage(new Socket()), { headers });
  expect(hostOf(request, () => isTrusted)).toBe(host);
});

test("an origin in a log is short, on one line, and printable", () => {
  expect(printable("https://evil.example:8080")).toBe("https://evil.example:8080");
  expect(printable("a\r\n\u001b[31mb\u009bc\u2028d e")).toBe("a???[31mb?c?d?e");
  expect(printable("x".repeat(100_000))).toHaveLength(200);
});
