/** One visit to one server: starts it, puts it under each load, and stops it. */

import { CALL } from "./call.ts";
import { setUpCalls } from "./calls.ts";
import type { Contestant } from "./contestants.ts";
import { Crowd, joinBy } from "./crowd.ts";
import type { Via } from "./dialects/dialect.ts";
import { fanOut } from "./fan-out.ts";
import type { Figures } from "./figures.ts";
import { measureLatency } from "./latency.ts";
import { measureTimeToJoined } from "./round-trip.ts";
import { ServerProcess } from "./server-process.ts";

/** So many calls at the same time keep every server busy. */
const CALLS_AT_ONCE = 200;
const WARM_UP_MS = 600;
const LOAD_MS = 1_500;
const WARM_UP_PEERS = 100;
const DEFAULT_JOINS = 200;
/** Peers in rooms of 8 and of 32. */
const FAN_OUT_PEERS = 320;
const KB = 1_024;

/** Everything about one server, with `peers` of them in pairs. */
export function measureAll(contestant: Contestant, peers: number): Promise<Figures> {
  return visit(contestant, async (server) => {
    const { crowd, figures } = await gather(server, contestant, peers);
    const talk = await measureTalk(server, contestant, crowd);
    await crowd.leave();
    return {
      ...figures,
      ...talk,
      joinDefault: await measureDefaultJoin(server, contestant),
      timeToJoined: await measureTimeToJoined(contestant.join, server.url),
      ...(await measureFanOut(server, contestant)),
    };
  });
}

/** What grows with the number of peers, if anything does. */
export function measureGrowth(contestant: Contestant, peers: number): Promise<Figures> {
  return visit(contestant, async (server) => {
    const { crowd, figures } = await gather(server, contestant, peers);
    const talk = await measureCalls(server, contestant, crowd);
    await crowd.leave();
    return { ...figures, ...talk };
  });
}

/** Runs `work` with a fresh server that has seen a few peers come and go. */
async function visit<T>(
  contestant: Contestant,
  work: (server: ServerProcess) => Promise<T>,
): Promise<T> {
  const server = await ServerProcess.start(contestant.script, contestant.env);
  try {
    await (await join(server, contestant, WARM_UP_PEERS, 2, "websocket")).leave();
    return await work(server);
  } finally {
    await server.stop();
  }
}

/** Seats pairs; what a join and what an idle peer costs. */
async function gather(server: ServerProcess, contestant: Contestant, peers: number) {
  const before = await server.usage({ collect: true });
  const { micros, result } = await cost(server, () =>
    join(server, contestant, peers, 2, "websocket"),
  );
  const after = await server.usage({ collect: true });
  const figures = {
    joinWebSocket: micros / peers,
    heap: (after.heldBytes - before.heldBytes) / peers / KB,
    memory: (after.residentBytes - before.residentBytes) / peers / KB,
  } satisfies Figures;
  return { crowd: result, figures };
}

async function measureTalk(
  server: ServerProcess,
  contestant: Contestant,
  crowd: Crowd,
): Promise<Figures> {
  const figures = await measureCalls(server, contestant, crowd);
  const { p50Micros, p99Micros } = await measureLatency(crowd, {
    perSecond: figures.relays / 2,
    durationMs: LOAD_MS,
    rooms: roomsOf(contestant, crowd),
  });
  return { ...figures, p50: p50Micros, p99: p99Micros };
}

async function measureCalls(server: ServerProcess, contestant: Contestant, crowd: Crowd) {
  const rooms = roomsOf(contestant, crowd);
  const load = { call: CALL, rooms, atOnce: CALLS_AT_ONCE, durationMs: LOAD_MS };
  await setUpCalls(crowd, { ...load, durationMs: WARM_UP_MS });
  const plain = await cost(server, () => setUpCalls(crowd, load));
  const { calls, messages, seconds } = plain.result;
  const figures = { message: plain.micros / messages, call: plain.micros / calls };
  const { ownCall } = contestant;
  const own =
    ownCall === CALL
      ? plain
      : await cost(server, () => setUpCalls(crowd, { ...load, call: ownCall }));
  return { ...figures, clientCall: own.micros / own.result.calls, relays: messages / seconds };
}

async function measureDefaultJoin(server: ServerProcess, contestant: Contestant): Promise<number> {
  await (await join(server, contestant, WARM_UP_PEERS, 2, "default")).leave();
  const { micros, result } = await cost(server, () =>
    join(server, contestant, DEFAULT_JOINS, 2, "default"),
  );
  await result.leave();
  return micros / DEFAULT_JOINS;
}

async function measureFanOut(server: ServerProcess, contestant: Contestant): Promise<Figures> {
  const perArrival = async (roomSize: number) => {
    const crowd = await join(server, contestant, FAN_OUT_PEERS, roomSize, "websocket");
    await fanOut(crowd, WARM_UP_MS);
    const { micros, result } = await cost(server, () => fanOut(crowd, LOAD_MS));
    await crowd.leave();
    return micros / result;
  };
  // To everyone is no room of 8.
  if (contestant.reaches === "everyone") return {};
  return { roomOf8: await perArrival(8), roomOf32: await perArrival(32) };
}

function join(
  server: ServerProcess,
  contestant: Contestant,
  count: number,
  roomSize: number,
  via: Via,
): Promise<Crowd> {
  return Crowd.gather(joinBy(contestant.join, server.url, via), { count, roomSize });
}

/** Where everyone hears everything, one pair talks, so that it hears nobody else. */
function roomsOf({ reaches }: Contestant, { rooms }: Crowd): number {
  return reaches === "everyone" ? 1 : rooms.length;
}

/** Runs `work`, and gives with its result the processor time that the server spent meanwhile. */
async function cost<T>(
  server: ServerProcess,
  work: () => Promise<T>,
): Promise<{ micros: number; result: T }> {
  const before = await server.usage();
  const result = await work();
  const after = await server.usage();
  return { micros: after.cpuMicros - before.cpuMicros, result };
}
