/** Plays a script on a server, and records everything that can be seen of it. */

import { ask, readOurs } from "../../support/admin.ts";
import type { Frame } from "../../support/frames.ts";
import type { TestServer } from "../../support/server.ts";
import { Player } from "./player.ts";
import { CAST, type Step } from "./script.ts";

const ROOMS = ["red", "green", "blue"];

/** What was seen, by what it is: in order, with names for what is random. */
export type Record = Map<string, string[]>;

/** The clock of both: it stands still but for the steps that let time pass. */
export interface Clock {
  ms: number;
}

/** Plays the steps, one after another, each when the one before is handled. */
export async function play(
  server: TestServer,
  script: readonly Step[],
  clock: Clock,
): Promise<Record> {
  const players = CAST.map((role) => new Player(server, role));
  const looks: string[] = [];
  for (const player of players) await player.appear();
  for (const step of script) await perform(step);
  for (const player of players) await player.settle();
  const nameIn = createNaming(players);
  const record: Record = new Map();
  for (const [n, { heard, ends }] of players.entries()) {
    record.set(`what peer ${n} heard`, heard.map(nameIn));
    record.set(`how the connections of peer ${n} ended`, ends);
  }
  record.set("metrics and timelines", looks.map(nameIn));
  record.set("log", server.log.map(withoutOrigin).map(nameIn));
  return record;

  async function perform(step: Step): Promise<void> {
    if (step.do === "look") return void looks.push(...(await look(server)));
    if (step.do === "let pass") {
      clock.ms += step.ms;
      return;
    }
    const player = players[step.who] as Player;
    await player.appear();
    switch (step.do) {
      case "send":
        return player.send(step.frames.map(withIds), step.writing);
      case "say goodbye":
        return player.sayGoodbye(step.before.map(withIds), step.after.map(withIds));
      case "lose connection":
        await player.settle();
        return player.lose(step.unread);
      case "be removed":
        looks.push(`removed: ${await server.disconnect(player.id)}`);
        if (player.seat?.connected) return;
        return player.over();
    }
  }

  function withIds(frame: Frame): Frame {
    if (typeof frame !== "string") return frame;
    return frame.replace(/<(\d)>/g, (_, n) => players[n]?.id ?? "");
  }
}

async function look({ adminUrl }: TestServer): Promise<string[]> {
  const timelines = await Promise.all(
    ROOMS.map(async (room) => (await ask(adminUrl, `/rooms/${room}/timeline`)).body.steps),
  );
  const metrics = Object.entries(await readOurs(adminUrl));
  // Between two polls, or not.
  const lasting = metrics.filter(([name]) => !name.startsWith("queued_"));
  return [lasting, ...timelines].flat().map((seen) => JSON.stringify(seen));
}

/** Names for what differs from server to server: `<3.1>` is the id of the second socket of peer 3. */
function createNaming(players: readonly Player[]): (text: string) => string {
  const names = new Map(
    players.flatMap(({ ids }, n) => ids.map((id, socket) => [id, `<${n}.${socket}>`] as const)),
  );
  return (text) =>
    text
      .replace(/"([A-Za-z0-9_-]{20})"/g, (whole, id) => names.get(id) ?? whole)
      .replace(/"ticket":"([^"]+)"/g, (_, ticket) => `"ticket":<of ${ticket.length} characters>`);
}

function withoutOrigin(line: string): string {
  const { time, pid, hostname, ...rest } = JSON.parse(line);
  return JSON.stringify(rest);
}

const SHOWN = 300;

/** Where two records differ first; "" if they don't. */
export function difference(lane: Record, past: Record): string {
  for (const [what, expected] of past) {
    const actual = lane.get(what) ?? [];
    const at = expected.findIndex((text, n) => text !== actual[n]);
    const first = at >= 0 ? at : actual.length > expected.length ? expected.length : -1;
    if (first < 0) continue;
    const shown = (texts: readonly string[]) => around(texts[first], expected[first]);
    const before = expected
      .slice(Math.max(0, first - 3), first)
      .map((text) => text.slice(0, SHOWN));
    return [
      `${what}, number ${first}, behind`,
      ...before,
      "on the lane:",
      shown(actual),
      "past it:",
      shown(expected),
    ].join("\n");
  }
  return "";

  function around(text = "(nothing)", other = ""): string {
    let same = 0;
    while (same < text.length && text[same] === other[same]) same++;
    const start = text === other ? 0 : Math.max(0, same - SHOWN / 2);
    return `${start > 0 ? "…" : ""}${text.slice(start, start + SHOWN)}`;
  }
}
