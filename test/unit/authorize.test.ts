/** An application's answer to who may connect, in whatever shape or time it comes. */

import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Authorize, createAuthorizer } from "../../src/auth/authorize.ts";

const NOW_MS = 1_700_000_000_000;
const NOW = NOW_MS / 1_000;
const request = new IncomingMessage(new Socket());
let faults: unknown[];

beforeEach(() => {
  faults = [];
});
afterEach(() => vi.useRealTimers());

/** The verdict on what the application answers. */
function verdictOn(authorize: (request: IncomingMessage) => unknown) {
  const reportFault = (error: unknown) => `fault ${faults.push(error)}`;
  return createAuthorizer(authorize as Authorize, { reportFault, now: () => NOW_MS })(request);
}

test("a grant is what a token with these claims says", async () => {
  const grant = { subject: "7", rooms: ["a", "b-*"], name: " Ada ", expiresAt: NOW + 60 };
  const claims = { subject: "7", rooms: ["a", "b-*"], name: "Ada", expiresAtMs: NOW_MS + 60_000 };
  expect(await verdictOn(() => grant)).toEqual({ ok: true, claims });
  expect(await verdictOn(async () => grant)).toEqual({ ok: true, claims });
  expect(await verdictOn(() => ({ subject: "7", rooms: [] }))).toMatchObject({
    claims: { name: undefined, expiresAtMs: Number.POSITIVE_INFINITY },
  });
});

test("the request is the one that came", async () => {
  const authorize = vi.fn(() => ({ refusal: "no" }));
  await verdictOn(authorize);
  expect(authorize.mock.calls).toEqual([[request]]);
});

test.each([
  [{ refusal: "log in first" }, "log in first"],
  [{ refusal: "banned", subject: "7", rooms: ["*"] }, "banned"],
  [{ subject: "7", rooms: ["*"], expiresAt: NOW }, "your access has expired"],
])("%j refuses", async (answer, reason) => {
  expect(await verdictOn(() => answer)).toEqual({ ok: false, code: "unauthorized", reason });
  expect(faults).toEqual([]);
});

test.each([
  [undefined, /expected object/],
  [true, /expected object/],
  [{}, /subject/],
  [{ subject: 7, rooms: ["*"] }, /subject/],
  [{ subject: "", rooms: ["*"] }, /subject/],
  [{ subject: "7" }, /rooms/],
  [{ subject: "7", rooms: "*" }, /rooms/],
  [{ subject: "7", rooms: [7] }, /rooms/],
  [{ subject: "7", rooms: ["*"], name: "x".repeat(65) }, /name/],
  [{ subject: "7", rooms: ["*"], expiresAt: "tomorrow" }, /expiresAt/],
  [{ subject: "7", rooms: ["*"], expiresAt: NOW_MS }, /must be in Unix seconds/],
])("%j lets nobody in, and the log says what is wrong with it", async (answer, fault) => {
  const reason = "the server failed; its log has more under fault 1";
  expect(await verdictOn(() => answer)).toEqual({ ok: false, code: "internal", reason });
  expect(String(faults)).toMatch(fault);
});

test.each([
  ["throws", () => raise()],
  ["rejects", async () => raise()],
])("one that %s lets nobody in, and tells the client nothing of it", async (_how, authorize) => {
  const verdict = await verdictOn(authorize);
  expect(verdict).toMatchObject({ ok: false, code: "internal" });
  expect(JSON.stringify(verdict)).not.toContain("database");
  expect(String(faults)).toContain("the database is away");
});

test("one that hangs lets nobody in after 5 s, whatever comes of it later", async () => {
  vi.useFakeTimers();
  let fail = (_error: Error) => {};
  const verdict = verdictOn(() => new Promise((_resolve, reject) => (fail = reject)));
  await vi.advanceTimersByTimeAsync(4_999);
  expect(faults).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(await verdict).toMatchObject({ ok: false, code: "internal" });
  expect(String(faults)).toContain("authorize took over 5000 ms");
  fail(new Error("too late"));
  expect(vi.getTimerCount()).toBe(0);
});

test("an answer in time leaves no timer", async () => {
  vi.useFakeTimers();
  await verdictOn(async () => ({ refusal: "no" }));
  expect(vi.getTimerCount()).toBe(0);
});

function raise(): never {
  throw new Error("the database is away");
}
