/** The program's arguments. */

import { describe, expect, test } from "vitest";
import { parseArguments } from "../../src/config/arguments.ts";
import { ConfigError } from "../../src/config/check.ts";

describe("--phone", () => {
  test.each([
    [[], undefined],
    [["--phone"], 3443],
    [["--phone=8443"], 8443],
    [["--phone=0"], 0],
    [["--phone=65535"], 65535],
  ])("%j: port %s", (args, phonePort) => {
    expect(parseArguments(args)).toEqual({ phonePort });
  });

  test.each(["--phone=", "--phone=65536", "--phone=-1", "--phone=1.5", "--phone=x", "--phone=1=2"])(
    "%s is refused",
    (argument) => {
      expect(() => parseArguments([argument])).toThrow(ConfigError);
    },
  );
});

test("every fault is named, and the usage at the end", () => {
  expect(() => parseArguments(["--fone", "--phone=x", "--phone", "demo"])).toThrow(
    /^ {2}--fone: .*\n {2}--phone=x: .*\n {2}demo: .*\n {2}usage: .*--phone\[=PORT\]/m,
  );
});
