/**
 * Everything that can happen to a seat, all at once: cuts, resumes with all tickets there are, leaving, joining
 * anew, two connections with one ticket, the grace's end, and removal. `RACES=10000 SEED=4` runs more of them.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import type { RoomRegistry } from "../../../src/rooms/registry.ts";
import { Sessions } from "../../../src/signaling/sessions.ts";
import { createRandom, type Random } from "../../support/random.ts";
import { startServer, type TestServer, UNLIMITED } from "../../support/server.ts";
import { SlowRooms } from "../../support/slow-rooms.ts";
import { Racer } from "./racer.ts";
import { Witness } from "./witness.ts";

const RACES = Number(process.env["RACES"] ?? 1_000);
const GRACE_MS = 40;
/** Races at a time. */
const WORKERS = 16;
const ROOMS = ["red", "green", "blue"];
const LOSSES = ["reset", "end", "close"] as const;

type Step = (server: TestServer, racer: Racer, random: Random) => unknown;

const STEPS: Readonly<Record<string, Step>> = {
  lose: (_, racer, random) => racer.lose(random.pick(LOSSES)),
  resume: (_, racer) => racer.resume(),
  "lose and resume": (_, racer, random) => {
    racer.lose(random.pick(LOSSES));
    return racer.resume();
  },
  "resume twice": (_, racer) => Promise.all([racer.resume(), racer.resume()]),
  "resume by a former ticket": (_, racer, random) => racer.resume({ back: 1 + random.upTo(1) }),
  "resume with a wrong count": (_, racer, random) =>
    racer.resume({ received: random.pick([0, 1, 1_000_000]) }),
  "resume and lose at once": (_, racer, random) => {
    const resumed = racer.resume();
    setImmediate(() => racer.lose(random.pick(LOSSES)));
    return resumed;
  },
  "resume on a connection with a seat": async (_, { wire, tickets }) =>
    wire?.ask("resume", { ticket: tickets.at(-1), received: 0 }),
  leave: (_, { wire }) => wire?.ask("leave"),
  "join anew": (_, racer, random) => racer.join(random.pick(ROOMS)),
  "join and lose": (_, racer, random) => {
    const joined = racer.join(random.pick(ROOMS));
    racer.lose(random.pick(LOSSES));
    return joined;
  },
  "say goodbye": (_, { wire }) => {
    wire?.send("41");
    wire?.lose("close");
  },
  talk: (_, { wire }) => {
    for (let n = 0; n < 5; n++) wire?.send(`42["candidate",{"candidate":"${n}"}]`);
  },
  "be removed": (server, { id }) => server.disconnect(id),
  // Not a wait for something: the grace's end is what the others race with.
  "let the grace end": (_, __, random) => sleep(GRACE_MS - 5 + random.upTo(10)),
};

test.each([
  ["", RACES, (rooms: RoomRegistry) => rooms],
  // Its answers come one after another, some turns of the event loop later.
  [
    ", with a slow registry",
    RACES / 10,
    (rooms: RoomRegistry) => new SlowRooms(rooms, Math.random),
  ],
])(
  `[S2] [S6] [S7] [L2] after races for seats, nothing is left of them%s`,
  {
    timeout: 60_000 + RACES * 60,
  },
  async (_how, races, wrapRooms) => {
    const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 20));
    console.info(`SEED=${seed} RACES=${RACES}`);
    const begin = vi.spyOn(Sessions.prototype, "begin");
    const server = await startServer(
      {
        ...UNLIMITED,
        RESUME_GRACE_MS: String(GRACE_MS),
        MAX_PEERS_PER_ROOM: "1000",
        LOG_LEVEL: "error",
      },
      { wrapRooms },
    );
    const before = timers();
    const witnesses = await Promise.all(
      ROOMS.flatMap((room) => [
        Witness.join(server.url, room, true),
        Witness.join(server.url, room, false),
      ]),
    );
    for (const witness of witnesses) await witness.begin();
    const [sessions] = begin.mock.contexts as [Sessions];
    begin.mockRestore();

    let left = races;
    await Promise.all(
      Array.from({ length: WORKERS }, async (_, n) => {
        const random = createRandom(seed * WORKERS + n);
        while (left-- > 0) await race(server, random);
      }),
    );
    await expect
      .poll(() => server.maps.socketToRoom.size, { timeout: 10_000 })
      .toBe(witnesses.length);
    await Promise.all(witnesses.map((witness) => witness.settled()));
    for (const { faults, present, away } of witnesses) {
      expect({ faults, present: [...present], away: [...away] }).toEqual({
        faults: [],
        present: [],
        away: [],
      });
    }
    for (const witness of witnesses) await witness.leave();
    await server.untilConnections(0);

    await expect
      .poll(() => leftOf(sessions), { timeout: 10_000 })
      .toEqual({
        sessions: 0,
        waiting: 0,
        addresses: 0,
        holding: 0,
        bytes: 0,
      });
    expect(server.maps.rooms.size).toBe(0);
    expect(server.maps.socketToRoom.size).toBe(0);
    expect(server.io.sockets.sockets.size).toBe(0);
    await expect.poll(timers, { timeout: 10_000 }).toBeLessThanOrEqual(before);
    expect(server.log).toEqual([]);
  },
);

/** One peer or two with seats, to which several things happen at once. */
async function race(server: TestServer, random: Random): Promise<void> {
  const racers = Array.from({ length: 1 + random.upTo(1) }, () => new Racer(server.url));
  await Promise.all(racers.map((racer) => racer.join(random.pick(ROOMS))));
  const under: unknown[] = [];
  for (let steps = 2 + random.upTo(4); steps > 0; steps--) {
    const step = STEPS[random.pick(Object.keys(STEPS))];
    const underWay = step?.(server, random.pick(racers), random);
    under.push(underWay);
    // Some follow when the one before is done, most while it is under way.
    if (random.chance(0.3)) await underWay;
    else for (let turns = random.upTo(6); turns > 0; turns--) await turn();
  }
  await Promise.all(under);
  await Promise.all(racers.map((racer) => racer.vanish(random.pick(LOSSES))));
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;

function leftOf(sessions: Sessions) {
  const { waiting } = sessions;
  return {
    sessions: sessions["byId"].size,
    waiting: waiting["waits"].size,
    addresses: waiting["byAddress"].size,
    holding: waiting["holding"].size,
    bytes: waiting.total.bytes,
  };
}
