/** A real Prometheus beside the load of the benchmark: its figures are those of the load. */

import { expect, test } from "vitest";
import { CALL } from "../../load/bench/call.ts";
import { setUpCalls } from "../../load/bench/calls.ts";
import { Crowd, joinBy } from "../../load/bench/crowd.ts";
import { createSocketIoJoin } from "../../load/bench/dialects/socket-io.ts";
import { lacksPrometheus, startPrometheus } from "../../support/prometheus.ts";
import { spawnServer, UNLIMITED } from "../../support/server.ts";

const TOKEN = "a-token-of-some-length";
const PEERS = 200;
const LOAD_MS = 3_000;
/** Of what the load did. */
const TOLERANCE = 0.01;

test.skipIf(lacksPrometheus())(
  "what Prometheus has scraped agrees with what the load has done",
  async () => {
    const { process, url } = await spawnServer({
      ...UNLIMITED,
      ADMIN_PORT: "0",
      ADMIN_TOKEN: TOKEN,
    });
    const [, adminUrl = ""] = await process.printed(/admin listener: (http:\/\/[^\s"]+)/);
    const prometheus = await startPrometheus(adminUrl, TOKEN);
    const join = createSocketIoJoin({ targeted: true, request: { candidateLists: true } });
    const crowd = await Crowd.gather(joinBy(join, url, "websocket"), { count: PEERS, roomSize: 2 });
    const load = { call: CALL, rooms: crowd.rooms.length, atOnce: 50, durationMs: LOAD_MS };
    const { calls, messages } = await setUpCalls(crowd, load);
    console.log(`${calls} calls, ${messages} messages`);
    expect(calls).toBeGreaterThan(100);

    const near = (expected: number) => (value: number | undefined) =>
      value !== undefined && Math.abs(value - expected) <= TOLERANCE * expected;
    const agrees = async (expr: string, expected: number) =>
      expect
        .poll(async () => (await prometheus.query(expr))[""], { message: expr })
        .toSatisfy(near(expected));
    await agrees("sum(roomrelay_delivered_messages_total)", messages);
    await agrees('sum(roomrelay_events_total{event!="join",outcome="ok"})', messages);
    await agrees("sum(roomrelay_relay_duration_seconds_count)", messages);
    await agrees("sum(roomrelay_peers_joined_total)", PEERS);
    await agrees("sum(roomrelay_peers)", PEERS);
    await agrees("sum(roomrelay_rooms)", PEERS / 2);
    await agrees('sum(roomrelay_connections{transport="websocket"})', PEERS);
    // One offer and one answer for each call.
    await agrees('sum(roomrelay_events_total{event="offer"})', calls);
    await agrees('sum(roomrelay_delivered_messages_total{event="answer"})', calls);
    expect(await prometheus.query('sum(roomrelay_events_total{outcome!="ok"})')).toEqual({});
    await crowd.leave();
    await agrees("sum(roomrelay_peers_left_total)", PEERS);
  },
  60_000,
);
