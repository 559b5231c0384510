import { describe, expect, test } from "vitest";
import { createOriginCheck } from "../../src/connections/origins.ts";

describe("origins", () => {
  test.each([
    "http://localhost",
    "http://localhost:5173",
    "https://localhost:8443",
    "http://127.0.0.1:3000",
    "http://[::1]:3000",
    "https://signaling.example",
    "http://signaling.example",
  ])("by default %s passes at signaling.example", (origin) => {
    expect(createOriginCheck([])(origin, "signaling.example")).toBe(true);
  });

  test.each([
    "null",
    "",
    "https://evil.example",
    "https://signaling.example.evil.example",
    "https://signaling.example:444",
    "https://evil.signaling.example",
    "ftp://signaling.example",
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

  test("a list is exact, and takes the place of the default", () => {
    const isAllowed = createOriginCheck(["https://app.example"]);
    expect(isAllowed("https://app.example", "x")).toBe(true);
    for (const origin of [
      "http://app.example",
      "https://app.example:8443",
      "http://localhost",
      "https://x",
    ]) {
      expect(isAllowed(origin, "x"), origin).toBe(false);
    }
  });

  test("no Origin is no page, and passes; * lets every page in", () => {
    expect(createOriginCheck([])(undefined)).toBe(true);
    expect(createOriginCheck(["https://app.example"])(undefined)).toBe(true);
    expect(createOriginCheck(["*"])("https://anyone.example")).toBe(true);
    expect(createOriginCheck([])("http://undefined")).toBe(false);
  });
});
