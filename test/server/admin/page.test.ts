/** The page of the admin listener as it is served: there alone, and as the Content-Security-Policy wants it. */

import { gzipSync } from "node:zlib";
import { expect, expectTypeOf, test } from "vitest";
import type { Step } from "../../../src/monitoring/timeline.ts";
import type { PeerReport } from "../../../src/signaling/room-reports.ts";
import type { Peer as ShownPeer, Step as ShownStep } from "../../../src/web/admin/api.ts";
import { startServer } from "../../support/server.ts";

test.each(["/admin", "/admin/", "/admin/admin.js", "/admin/admin.js.map"])(
  "%s is a 404 on the public port",
  async (path) => {
    const server = await startServer({ ADMIN_PORT: "0" });
    expect((await fetch(server.url + path)).status).toBe(404);
  },
);

test("the page, its script and its style are on the admin listener, and nothing in them is inline", async () => {
  const { adminUrl } = await startServer({ ADMIN_PORT: "0" });
  const read = async (path: string, type: string) => {
    const response = await fetch(adminUrl + path);
    expect(response.status, path).toBe(200);
    expect(response.headers.get("content-type"), path).toContain(type);
    expect(response.headers.get("content-security-policy")).not.toContain("unsafe");
    return response.text();
  };
  expect(await read("/", "text/html")).not.toMatch(
    /<style|style=|<script(?![^>]* src=)|\son[a-z]+=|(?:src|href)="(?:https?:|\/)/,
  );
  expect(await read("/admin.css", "text/css")).not.toMatch(/@import|https?:/);
  const script = await read("/admin.js", "javascript");
  expect(script).not.toMatch(/innerHTML|insertAdjacentHTML|localStorage|sessionStorage|cookie/);
  expect(gzipSync(script).length).toBeLessThanOrEqual(6_000);
  await read("/admin.js.map", "json");
});

test("the page knows every member of what the listener says", () => {
  expectTypeOf<keyof ShownStep>().toEqualTypeOf<keyof Step>();
  expectTypeOf<ShownStep>().toExtend<Step>();
  expectTypeOf<Required<ShownPeer>>().toEqualTypeOf<Required<PeerReport>>();
});
