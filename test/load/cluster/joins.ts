/** Peers join rooms that span nodes, all at once, and speak to each other as soon as they know of each other. */

import { setTimeout as sleep } from "node:timers/promises";
import { Wire } from "../../server/resume/racer.ts";
import { createRandom } from "../../support/random.ts";
import { isSame, mustLogNothing, onCluster, type RunOptions, until } from "./common.ts";
import type { Report } from "./report.ts";

interface JoinsOptions extends RunOptions {
  count: number;
}

const MAX_ROOM = 6;
const MAX_BURST = 30;
const MAX_PAUSE_MS = 5;
const PATIENCE_MS = 15_000;

/** What all have seen together. */
class Tally {
  offers = 0;
  candidates = 0;
  /** Messages from a peer that the receiver didn't know of. */
  early = 0;
  /** Peers announced that were known already. */
  twice = 0;
  exits = 0;
  undelivered = 0;
  /** The answers of refused joins. */
  readonly refusals: string[] = [];
}

class Joiner {
  readonly room: string;
  readonly known = new Set<string>();
  id = "";
  private readonly tally: Tally;
  private wire: Wire | undefined;

  constructor(room: string, tally: Tally) {
    this.room = room;
    this.tally = tally;
  }

  async connect(url: string): Promise<void> {
    this.wire = await Wire.open(url, (name, [what, sender]) => this.hear(name, what, sender));
  }

  async join(): Promise<void> {
    const answer = await this.wire?.ask("join", { room: this.room });
    if (answer?.ok) this.id = answer.self.id;
    else this.tally.refusals.push(answer?.error.code ?? "the connection ended");
  }

  close(): void {
    this.wire?.lose("end");
  }

  private hear(name: string, what: unknown, sender: unknown): void {
    const { tally, known } = this;
    if (name === "room_users") {
      for (const { id } of what as { id: string }[]) {
        this.know(id);
        void this.send("offer", { type: "offer", sdp: "v=0" }, id);
      }
    } else if (name === "user_joined") {
      const { id } = what as { id: string };
      this.know(id);
      void this.send("candidate", { candidate: "first" }, id);
    } else if (name === "user_exit") tally.exits++;
    else if (name === "getOffer" || name === "getCandidate") {
      const { from } = sender as { from: string };
      if (!known.has(from)) tally.early++;
      if (name === "getOffer") tally.offers++;
      else tally.candidates++;
    }
  }

  private know(id: string): void {
    if (this.known.has(id)) this.tally.twice++;
    this.known.add(id);
  }

  private async send(event: string, payload: object, to: string): Promise<void> {
    const answer = await this.wire?.ask(event, payload, { to });
    if (!answer?.ok || answer.delivered !== 1) this.tally.undelivered++;
  }
}

/** Nobody may hear from a peer before its `user_joined`, and everyone has to know everyone afterwards. */
export function runJoins(options: JoinsOptions): Promise<Report> {
  const { seed, count } = options;
  return onCluster(options, {}, async (cluster, report) => {
    const random = createRandom(seed);
    const tally = new Tally();
    const rooms: Joiner[][] = [];
    for (let left = count; left > 0; ) {
      const size = Math.min(left, 2 + random.upTo(MAX_ROOM - 2));
      rooms.push(Array.from({ length: size }, () => new Joiner(`joins-${rooms.length}`, tally)));
      left -= size;
    }
    const joiners = rooms.flat().sort(() => random.next() - 0.5);
    await Promise.all(joiners.map((joiner) => joiner.connect(cluster.url(random.upTo(1_000)))));

    const startAt = performance.now();
    const joined: Promise<void>[] = [];
    while (joined.length < count) {
      const burst = 1 + random.upTo(MAX_BURST);
      for (const joiner of joiners.slice(joined.length, joined.length + burst)) {
        joined.push(joiner.join());
      }
      await sleep(random.upTo(MAX_PAUSE_MS));
    }
    await Promise.race([Promise.all(joined), sleep(PATIENCE_MS)]);
    const joinedAt = performance.now();

    const pairs = rooms.reduce((sum, { length }) => sum + (length * (length - 1)) / 2, 0);
    const isComplete = () => tally.offers >= pairs && tally.candidates >= pairs;
    await until(() => isComplete() && wrongViews(rooms) === 0, PATIENCE_MS);
    report.show("peers", joiners.length);
    report.show("rooms", rooms.length);
    report.show("all joined within, ms", joinedAt - startAt);
    report.must("joins refused or unanswered", joiners.filter(({ id }) => id === "").length);
    for (const refusal of new Set(tally.refusals)) report.show("", refusal);
    report.must("heard from a peer before user_joined or room_users", tally.early);
    report.must("announced twice", tally.twice);
    report.must("said to have left", tally.exits);
    report.must("offers, one for each pair", tally.offers, pairs);
    report.must("candidates, one for each pair", tally.candidates, pairs);
    report.must("not acknowledged as delivered", tally.undelivered);
    report.must("wrong rosters", wrongViews(rooms));
    mustLogNothing(cluster, report);
    for (const joiner of joiners) joiner.close();
  });
}

/** How many know others than those who are there. */
function wrongViews(rooms: Joiner[][]): number {
  const wrong = rooms.map((joiners) => {
    const ids = joiners.map(({ id }) => id);
    return joiners.filter(
      ({ id, known }) => !isSame(known, new Set(ids.filter((other) => other !== id))),
    );
  });
  return wrong.flat().length;
}
