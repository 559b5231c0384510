/** What a room or a peer may not be called, and what becomes of what it may. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Bystanders, startMeasured } from "../../support/bystanders.ts";
import { TestClient } from "../../support/client.ts";
import { startServer, UNLIMITED } from "../../support/server.ts";

const ROOM = /^[A-Za-z0-9._~:@+-]{1,128}$/;
const SPECIAL = [
  "__proto__",
  "constructor",
  "prototype",
  "hasOwnProperty",
  "toString",
  "valueOf",
  "bystanders\0",
  "bystanders ",
  " bystanders",
  "bystanders\r\n",
  "Bystanders",
  "bystanderѕ", // The last letter is Cyrillic.
  "ｂystanders", // The first one is full width.
  "\u202ebystanders",
  "bystanders\u200b",
  "bystanders\ufeff",
  "by\u00adstanders",
  "\ud800",
  "\udfff\ud800",
  "é",
  "e\u0301",
  "../bystanders",
  "bystanders/",
  "bystanders%00",
  "{}",
  "[]",
  "$ne",
  "'; DROP TABLE rooms; --",
  "<script>",
  "x".repeat(129),
  "",
  " ",
];
/** What no name of a peer here may have; test/unit/names.test.ts has the exceptions. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|\p{M}{9}/u;
/** Only over a server that lets such a message pass at all. */
const MEGABYTE = "x".repeat(1_048_576);

/** 1,000 strings that somebody might try, the same each time. */
const hostile = [
  ...SPECIAL,
  ...fc.sample(
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.string({ unit: "grapheme", maxLength: 80 }),
      // Half surrogates, which no well-formed string has.
      fc
        .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
        .map((units) => String.fromCharCode(...units)),
      fc
        .constantFrom(...SPECIAL)
        .chain((text) => fc.string({ maxLength: 3 }).map((end) => text + end)),
    ),
    { numRuns: 1_000 - SPECIAL.length, seed: 4 },
  ),
];

describe("names", () => {
  test("1,000 hostile names of rooms: refused, or a room of that name and no other", async () => {
    const server = await startMeasured({ ...UNLIMITED, MAX_MESSAGE_BYTES: "4194304" });
    const bystanders = await Bystanders.join(server.url);
    const eve = await TestClient.connect(server.url);
    for (const room of [...hostile, MEGABYTE]) {
      const ack = await eve.join(room, "attack");
      if (ROOM.test(room)) expect(ack, room).toMatchObject({ ok: true, users: [] });
      else
        expect(ack, JSON.stringify(room).slice(0, 200)).toMatchObject({
          ok: false,
          error: { code: "bad_request" },
        });
    }
    await eve.leave();
    expect(await server.measure()).toMatchObject({ rooms: 1, peers: 2, seats: 2 });
    await bystanders.areUnharmed(server);
  });

  test("1,000 hostile names of peers: refused, or told to others as they are", async () => {
    const server = await startMeasured({ ...UNLIMITED, MAX_MESSAGE_BYTES: "4194304" });
    const bystanders = await Bystanders.join(server.url);
    const [eve, witness] = [
      await TestClient.connect(server.url),
      await TestClient.connect(server.url),
    ];
    for (const name of [...hostile, MEGABYTE]) {
      const ack = await eve.join("elsewhere", name);
      const trimmed = name.trim();
      const mayPass = [...trimmed].length <= 64 && !UNSEEN.test(trimmed);
      expect(ack.ok, JSON.stringify(name).slice(0, 200)).toBe(mayPass);
      if (!ack.ok) continue;
      expect(await witness.join("elsewhere")).toMatchObject({
        users: [{ id: eve.id, name: trimmed }],
      });
      await Promise.all([eve.leave(), witness.leave()]);
    }
    await bystanders.areUnharmed(server);
  });

  test("CR and LF in a name or a room give one log line, and nothing of them is in it", async () => {
    const server = await startServer({ LOG_LEVEL: "trace" });
    const ada = await server.connect();
    const forged = 'x\r\n{"level":"fatal","msg":"forged"}\n';
    await ada.join("demo");
    const before = server.log.length;
    for (const request of [{ room: "demo", name: forged }, { room: forged }]) {
      await ada.request("join", request);
    }
    await ada.request(forged);
    const lines = server.log.slice(before);
    expect(lines).toHaveLength(3);
    for (const line of lines) {
      expect(line.trimEnd().split("\n")).toHaveLength(1);
      expect(JSON.parse(line)).toMatchObject({ level: "debug", msg: "refused" });
      expect(line).not.toContain("forged");
    }
  });
});
