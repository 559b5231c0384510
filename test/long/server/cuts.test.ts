/** Short runs of `npm run cuts`; what they print is enough to repeat them. */

import { describe, expect, test } from "vitest";
import { type CutOptions, cutConnections, faultsOf } from "../../load/cuts/cuts.ts";

const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 20));
const BOTH: CutOptions["transports"] = ["polling", "websocket"];

describe("cuts", () => {
  test("[S2] [S4] [S6] [S7] 150 cuts of every kind: everything arrives once and in order, nobody is missed", {
    timeout: 120_000,
  }, async () => {
    console.info(
      `seed ${seed}: npm run cuts -- --seed ${seed} --count 150 --transports both --rooms 5`,
    );
    const result = await cutConnections({ seed, count: 150, transports: BOTH, rooms: 5 });
    expect(faultsOf(result), result.examples.join("\n")).toEqual([]);
    expect(result.left).toEqual({ connections: 0, sockets: 0, rooms: 0, seats: 0 });
    expect(result.resumes).toBeGreaterThan(50);
    expect(result.messages).toBeGreaterThan(1_000);
  });

  // What would find nothing if these faults were in the server isn't worth to be run.
  test.each([
    ["strict-tickets", "behind a resume"],
    ["trim-at-pong", "lost behind a heartbeat"],
  ] as const)(
    "[S6] control: it finds the fault %s",
    { timeout: 120_000 },
    async (control, kind) => {
      const result = await cutConnections({
        seed,
        count: 200,
        lagMs: 20,
        transports: ["websocket"],
        rooms: 5,
        kinds: [kind],
        control,
      });
      expect(faultsOf(result)).not.toEqual([]);
      expect(result.crashes).toBe(0);
    },
  );
});
