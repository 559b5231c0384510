/** The ways in which a connection is lost. */

import type { Random } from "../../support/random.ts";
import type { Direction, Ending, Line, Strand } from "./line.ts";
import { saysPing, saysResume } from "./packets.ts";

/** Loses a client's connections in one way; resolves when the fault is over. */
type Cut = (line: Line, random: Random) => Promise<void>;

const ENDINGS: readonly Ending[] = ["reset", "fin"];
const DIRECTIONS: readonly Direction[] = ["up", "down"];
/** How long a direction is dead at most before the connection ends. */
const MAX_LOST_MS = 250;
/** How long new connections are refused at most. */
const MAX_REFUSED_MS = 400;
/** How long to wait for a chunk, or a connection, to cut in. */
const PATIENCE_MS = 500;
/** What a handshake by polling takes of connections at most, and a connection of bytes until it has resumed. */
const HANDSHAKE = { strands: 5, bytes: 2_500 };
const NOTHING = Buffer.alloc(0);

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export const KINDS = {
  reset: async (line) => line.cut("reset"),

  fin: async (line) => line.cut("fin"),

  /** The server sees the end, the client doesn't. */
  "half-open at the client": async (line, random) => line.cut(random.pick(ENDINGS), ["server"]),

  /** The client sees the end, the server doesn't. */
  "half-open at the server": async (line, random) => line.cut(random.pick(ENDINGS), ["client"]),

  "one direction lost": async (line, random) => {
    const direction = random.pick(DIRECTIONS);
    const ending = random.pick(ENDINGS);
    const lostMs = random.upTo(MAX_LOST_MS);
    const stopAmbush = line.ambush((strand) => {
      strand.lose(direction);
      return false;
    });
    for (const strand of line.strands) strand.lose(direction);
    await sleep(lostMs);
    stopAmbush();
    line.cut(ending);
  },

  /** A heartbeat's answer goes to the server while messages behind that heartbeat are lost. */
  "lost behind a heartbeat": async (line, random) => {
    const ending = random.pick(ENDINGS);
    const lostMs = random.upTo(MAX_LOST_MS);
    let isLost = false;
    const lose = (strand: Strand) => {
      strand.filter("down", (chunk) => {
        if (isLost) return NOTHING;
        isLost = saysPing(chunk);
        return chunk;
      });
      return false;
    };
    const stopAmbush = line.ambush(lose);
    for (const strand of line.strands) lose(strand);
    await sleep(PATIENCE_MS / 2 + lostMs);
    stopAmbush();
    line.cut(ending);
  },

  "in the middle of a frame": async (line, random) => {
    const direction = random.pick(DIRECTIONS);
    const ending = random.pick(ENDINGS);
    const bytes = random.upTo(random.pick([2, 20, 200, 2_000]));
    const cuts = [...line.strands].map((strand) => {
      strand.cutWithin(direction, bytes, ending);
      return strand.closed;
    });
    await Promise.race([Promise.all(cuts), sleep(PATIENCE_MS)]);
    line.cut(ending);
  },

  /** The next connections, or one of them, break off on their way to a resumed seat. */
  "during the handshake": async (line, random) => {
    const direction = random.pick(DIRECTIONS);
    const ending = random.pick(ENDINGS);
    const bytes = random.upTo(HANDSHAKE.bytes);
    let unharmed = random.pick([0, 0, random.upTo(HANDSHAKE.strands)]);
    await ambushed(line, (strand) => {
      if (unharmed-- > 0) return false;
      strand.cutWithin(direction, bytes, ending);
      return true;
    });
    line.cut(ending);
  },

  /** The client has asked for its seat, and the answer is lost. */
  "behind a resume": async (line, random) => {
    const ending = random.pick(ENDINGS);
    const lostMs = random.upTo(MAX_LOST_MS / 5);
    let isAsked = false;
    let tell = () => {};
    const asked = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const stopAmbush = line.ambush((strand) => {
      strand.filter("down", (chunk) => (isAsked ? NOTHING : chunk));
      strand.filter("up", (chunk) => {
        isAsked ||= saysResume(chunk);
        if (isAsked) tell();
        return chunk;
      });
      return false;
    });
    line.cut("reset");
    await Promise.race([asked, sleep(PATIENCE_MS)]);
    await sleep(lostMs);
    stopAmbush();
    line.cut(ending);
  },

  /** While polling changes to WebSocket. Where there is no such change, a WebSocket's beginning. */
  "during the upgrade": async (line, random) => {
    const direction = random.pick(DIRECTIONS);
    const ending = random.pick(ENDINGS);
    const bytes = random.upTo(random.pick([400, 1_200]));
    await ambushed(line, (strand) => {
      strand.filter("up", (chunk) => {
        strand.filter("up", (next) => next);
        if (!chunk.includes("transport=websocket")) return chunk;
        // The request itself goes through.
        strand.cutWithin(direction, bytes, ending);
        return chunk;
      });
      return false;
    });
    line.cut(ending);
  },

  "refused for a moment": async (line, random) => {
    const ending = random.pick(ENDINGS);
    const refusedMs = random.upTo(MAX_REFUSED_MS);
    line.refuse();
    line.cut(ending);
    await sleep(refusedMs);
    await line.accept();
  },
} as const satisfies Record<string, Cut>;

export type Kind = keyof typeof KINDS;

/** Resets what there is, so that the client connects anew, into an ambush of half a second. */
async function ambushed(line: Line, onStrand: (strand: Strand) => boolean): Promise<void> {
  const stopAmbush = line.ambush(onStrand);
  line.cut("reset");
  await sleep(PATIENCE_MS);
  stopAmbush();
}
