/**
 * The same random frames on the lane and past it: what everybody hears, byte for byte and in order, every
 * acknowledgement, how connections end, and what metrics, timelines, allowances and the log make of it must be the same.
 */

import { expect, onTestFinished, test, vi } from "vitest";
import { createRandom } from "../../support/random.ts";
import { startServer, UNLIMITED } from "../../support/server.ts";
import { SlowRooms } from "../../support/slow-rooms.ts";
import { type Clock, difference, play } from "./play.ts";
import { type Step, writeScript } from "./script.ts";

const ENV = {
  ...UNLIMITED,
  ADMIN_PORT: "0",
  LOG_LEVEL: "debug",
  // No heartbeats but those of the script.
  PING_INTERVAL_MS: "300000",
  PING_TIMEOUT_MS: "300000",
  RESUME_GRACE_MS: "300000",
};
const RELAY = {
  ICE_TRANSPORT_POLICY: "relay",
  TURN_URLS: "turn:turn.example.com",
  TURN_USERNAME: "user",
  TURN_PASSWORD: "password",
};
/** With debts, the next connection of a flooder would be refused. */
const LIMITED = { EVENTS_PER_SECOND: "20", EVENT_BURST: "60", MAX_CONNECTIONS_PER_ADDRESS: "0" };
const FEW_KEPT = {
  RESUME_MAX_MESSAGES: "5",
  RESUME_MAX_BYTES: "3000",
  RESUME_MAX_TOTAL_BYTES: "6000",
};

const CASES = [
  { how: "without limits", count: 4_000 },
  { how: "with small outboxes", count: 2_000, env: FEW_KEPT },
  { how: "with relayed candidates only", count: 1_500, env: RELAY },
  { how: "within an allowance, and over it", count: 1_500, env: LIMITED },
  { how: "with a registry that answers late", count: 1_000, isSlow: true },
];

test.each(CASES)(
  "$count frames $how",
  { timeout: 120_000 },
  async ({ count, env = {}, isSlow = false }) => {
    const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 24));
    console.info(`SEED=${seed}`);
    const script = writeScript(createRandom(seed), count, "EVENT_BURST" in env);
    const lane = await run(script, { lane: true, env, isSlow });
    const past = await run(script, { lane: false, env, isSlow });
    expect(difference(lane, past), `SEED=${seed}`).toBe("");
  },
);

async function run(
  script: readonly Step[],
  { lane, env, isSlow }: { lane: boolean; env: Record<string, string>; isSlow: boolean },
) {
  const clock: Clock = { ms: 1e6 };
  const steady = vi.spyOn(performance, "now").mockImplementation(() => clock.ms);
  onTestFinished(() => steady.mockRestore());
  const { next } = createRandom(1);
  const server = await startServer(
    { ...ENV, ...env },
    {
      lane,
      now: () => 1.7e12 + clock.ms,
      ...(isSlow && { wrapRooms: (rooms) => new SlowRooms(rooms, next) }),
    },
  );
  return play(server, script, clock);
}
