/** What the page costs to load. */

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const built = (file: string) =>
  readFileSync(new URL(`../../../dist/public/${file}`, import.meta.url));

test("the page's script has at most 60 KB gzipped, socket.io-client included", () => {
  expect(gzipSync(built("app.js")).length).toBeLessThanOrEqual(60_000);
});

test("nothing in the page is inline or comes from elsewhere", () => {
  const html = built("index.html").toString();
  expect(html).not.toMatch(/<style|style=|<script(?![^>]* src=)|\son[a-z]+=|(?:src|href)="https?:/);
  expect(built("style.css").toString()).not.toMatch(/@import|https?:/);
});
