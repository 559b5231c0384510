/** Cuts the connections of clients that talk to each other, in every way, and looks at what arrives. */

import { MeasuredServer } from "../../support/measured.ts";
import { createRandom, type Random } from "../../support/random.ts";
import { Book, type Faults } from "./book.ts";
import { KINDS, type Kind } from "./kinds.ts";
import { Line } from "./line.ts";
import { type Events, Talker, type Transports } from "./talker.ts";

export interface CutOptions {
  seed: number;
  /** How many cuts to make. */
  count: number;
  transports: Transports;
  /** By how much the line delays what it passes on, in each direction. */
  lagMs?: number;
  rooms?: number;
  /** Only these ways to cut. */
  kinds?: readonly Kind[];
  /** The name of a deliberate fault in the server, see controls.ts. */
  control?: string | undefined;
  onProgress?: (cuts: number) => void;
}

export interface CutResult extends Faults, Events {
  cuts: Record<Kind, number>;
  messages: number;
  arrived: number;
  seconds: number;
  /** Clients that have another id than at first. */
  changedIds: number;
  /** Peers that somebody believes to be away at the end. */
  stillAway: number;
  /** How often the server's process ended. */
  crashes: number;
  /** What the server logged at level error. */
  logged: string;
  /** What is left on the server when everybody has gone. */
  left: { connections: number; sockets: number; rooms: number; seats: number };
  /** The first faults in words. */
  examples: string[];
}

const ALL_KINDS = Object.keys(KINDS) as Kind[];
const PEERS_PER_ROOM = 4;
const DEFAULT_ROOMS = 8;
const ENV = {
  EVENTS_PER_SECOND: "0",
  MAX_CONNECTIONS_PER_ADDRESS: "0",
  // Half-open connections end by missing heartbeats.
  PING_INTERVAL_MS: "300",
  PING_TIMEOUT_MS: "1200",
};
const CONTROLS = new URL("controls.ts", import.meta.url).href;
/** How long a client may take to be back, and the last message to arrive. */
const PATIENCE_MS = 20_000;
const SEAT_ATTEMPTS = 20;
/** At most between two cuts of one client. */
const MAX_CALM_MS = 400;

/** Whether everything arrived, once and in order, and nobody was missed. */
export function isUncut(result: CutResult): boolean {
  const { connections, sockets, rooms, seats } = result.left;
  return faultsOf(result).length === 0 && connections + sockets + rooms + seats === 0;
}

/** The names of all counts that should be 0 and aren't. */
export function faultsOf(result: CutResult): string[] {
  const counts = [
    ...(["lost", "doubled", "early", "foreign", "refused", "gaps"] as const),
    ...(["seatsLost", "exits", "entrances", "changedIds", "stillAway", "crashes"] as const),
  ];
  const faults: string[] = counts.filter((name) => result[name] !== 0);
  return result.logged === "" ? faults : [...faults, "logged"];
}

/** Runs until `count` cuts were made, or something went wrong. Which ones a client suffers depends on the seed alone. */
export async function cutConnections(options: CutOptions): Promise<CutResult> {
  const { seed, count, transports, lagMs = 0, rooms = DEFAULT_ROOMS, control } = options;
  const { kinds = ALL_KINDS } = options;
  const start = performance.now();
  const server = await MeasuredServer.start(
    { ...ENV, ...(control && { CUTS_CONTROL: control }) },
    control ? [CONTROLS] : [],
  );
  const book = new Book();
  const cuts = countOfEach();
  const groups = await Promise.all(
    Array.from({ length: rooms }, (_, room) =>
      seat(`cuts-${room}`, async (n) => {
        const line = await Line.open(server.url, lagMs);
        const random = createRandom(seed * 1_000 + room * PEERS_PER_ROOM + n);
        return new Talker(line, `${room}/${n}`, transports, book, random);
      }),
    ),
  );
  const talkers = groups.flat();
  for (const group of groups) {
    for (const talker of group) talker.follow();
    for (const talker of group) talker.talk(group.filter((other) => other !== talker));
  }

  const hasFault = () =>
    book.examples.length > 0 ||
    talkers.some(({ events: { gaps, seatsLost, exits } }) => gaps + seatsLost + exits > 0);
  const isOver = () => server.hasEnded || hasFault();
  let left = count;
  let made = 0;
  await Promise.all(
    talkers.map(async (talker, n) => {
      const random = createRandom(seed * 1_000 + 500 + n);
      while (left-- > 0 && !isOver()) {
        await calm(talker, random, isOver);
        const kind = random.pick(kinds);
        await KINDS[kind](talker.line, random);
        cuts[kind]++;
        options.onProgress?.(++made);
      }
    }),
  );
  for (const talker of talkers) talker.stop();
  await until(() => isOver() || (book.isComplete && talkers.every(({ away }) => away.size === 0)));
  book.close();
  const seconds = (performance.now() - start) / 1_000;
  const ids = talkers.filter(({ id, client }) => id !== client.id).length;
  const stillAway = talkers.reduce((sum, { away }) => sum + away.size, 0);
  const events = sumOf(talkers.map(({ events }) => events));
  for (const { client } of talkers) client.close();
  const measured = isOver() ? undefined : await emptied(server);
  for (const { line } of talkers) line.close();
  const crashes = server.hasEnded ? 1 : 0;
  await server.stop();
  const { connections = 0, sockets = 0, rooms: roomsLeft = 0, seats = 0 } = measured ?? {};
  return {
    ...book.faults,
    ...events,
    cuts,
    messages: book.sent,
    arrived: book.arrived,
    seconds,
    changedIds: ids,
    stillAway,
    crashes,
    logged: server.output,
    left: { connections, sockets, rooms: roomsLeft, seats },
    examples: book.examples,
  };
}

/** Fills a room. With heartbeats this short, a busy machine may lose a connection by itself: then another room. */
async function seat(room: string, create: (n: number) => Promise<Talker>): Promise<Talker[]> {
  for (let attempt = 0; ; attempt++) {
    const talkers = await Promise.all(Array.from({ length: PEERS_PER_ROOM }, (_, n) => create(n)));
    try {
      for (const talker of talkers) await talker.join(`${room}-${attempt}`);
      return talkers;
    } catch (error) {
      for (const talker of talkers) talker.close();
      if (attempt === SEAT_ATTEMPTS) throw error;
    }
  }
}

/** Waits until the next cut: until the client is back and a while longer, or for a moment whatever it does. */
async function calm(talker: Talker, random: Random, isOver: () => boolean): Promise<void> {
  const ms = random.pick([0, random.upTo(20), random.upTo(MAX_CALM_MS), random.upTo(MAX_CALM_MS)]);
  const waits = random.chance(0.9);
  if (waits) await Promise.race([talker.back(), until(isOver)]);
  await sleep(ms);
}

/** What is left on the server when everybody has gone. */
async function emptied(server: MeasuredServer) {
  let measured = await server.measure();
  const isEmpty = () => measured.connections + measured.seats === 0;
  for (let tries = 0; tries < 100 && !isEmpty(); tries++) {
    await sleep(100);
    measured = await server.measure();
  }
  return measured;
}

async function until(isDone: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!isDone() && performance.now() < end) await sleep(50);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function countOfEach(): Record<Kind, number> {
  return Object.fromEntries(ALL_KINDS.map((kind) => [kind, 0])) as Record<Kind, number>;
}

function sumOf(all: Events[]): Events {
  const sum: Events = { resumes: 0, gaps: 0, seatsLost: 0, exits: 0, entrances: 0, refused: 0 };
  for (const events of all) {
    for (const name of Object.keys(sum) as (keyof Events)[]) sum[name] += events[name];
  }
  return sum;
}
