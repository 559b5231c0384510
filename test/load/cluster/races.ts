/** Everything that can happen to seats, all at once and over all nodes, under the eyes of witnesses at each. */

import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, Racer } from "../../server/resume/racer.ts";
import { Witness } from "../../server/resume/witness.ts";
import type { Cluster } from "../../support/nodes.ts";
import { createRandom, type Random } from "../../support/random.ts";
import { mustBeEmpty, mustLogNothing, onCluster, type RunOptions, until } from "./common.ts";
import type { Report } from "./report.ts";

interface RacesOptions extends RunOptions {
  count: number;
}

const GRACE_MS = 300;
/** Races at a time. */
const WORKERS = 24;
const ROOMS = ["races-red", "races-green", "races-blue"];
const LOSSES = ["reset", "end", "close"] as const;
/** For the last grace to end. */
const SETTLE_MS = 15_000;
const MAX_EXAMPLES = 5;
/** For a race that hangs. */
const RACE_MS = 30_000;

type Step = (racer: Racer, random: Random) => unknown;

/** A resume is on any node: the racers ask for a URL each time. */
const STEPS: Readonly<Record<string, Step>> = {
  lose: (racer, random) => racer.lose(random.pick(LOSSES)),
  resume: (racer) => racer.resume(),
  "lose and resume": (racer, random) => {
    racer.lose(random.pick(LOSSES));
    return racer.resume();
  },
  "resume twice": (racer) => Promise.all([racer.resume(), racer.resume()]),
  "resume by a former ticket": (racer, random) => racer.resume({ back: 1 + random.upTo(1) }),
  "resume with a wrong count": (racer, random) =>
    racer.resume({ received: random.pick([0, 1, 1_000_000]) }),
  "resume and lose at once": (racer, random) => {
    const resumed = racer.resume();
    setImmediate(() => racer.lose(random.pick(LOSSES)));
    return resumed;
  },
  "resume, lose and resume": async (racer, random) => {
    const resumed = racer.resume();
    racer.lose(random.pick(LOSSES));
    await Promise.all([resumed, racer.resume()]);
  },
  leave: ({ wire }) => wire?.ask("leave"),
  "leave while resuming": (racer) => Promise.all([racer.wire?.ask("leave"), racer.resume()]),
  "join anew": (racer, random) => racer.join(random.pick(ROOMS), { resume: random.chance(0.8) }),
  "join and lose": (racer, random) => {
    const joined = racer.join(random.pick(ROOMS));
    racer.lose(random.pick(LOSSES));
    return joined;
  },
  "join and leave": (racer, random) =>
    Promise.all([racer.join(random.pick(ROOMS)), racer.wire?.ask("leave")]),
  "say goodbye": ({ wire }) => {
    wire?.send("41");
    wire?.lose("close");
  },
  talk: ({ wire }) => {
    for (let n = 0; n < 5; n++) wire?.send(`42["candidate",{"candidate":"${n}"}]`);
  },
  // Not a wait for something: the grace's end is what the others race with.
  "let the grace end": (_, random) => sleep(GRACE_MS - 20 + random.upTo(40)),
};

/** No witness may see what can't be, and nothing may be left in a node or in Redis. */
export function runRaces(options: RacesOptions): Promise<Report> {
  const { seed, count } = options;
  const env = { RESUME_GRACE_MS: String(GRACE_MS), MAX_PEERS_PER_ROOM: "1000" };
  return onCluster(options, env, async (cluster, report) => {
    const witnesses = await Promise.all(
      cluster.nodes.flatMap(({ url }) =>
        ROOMS.flatMap((room) => [Witness.join(url, room, true), Witness.join(url, room, false)]),
      ),
    );
    const sum = (of: (witness: Witness) => number) =>
      witnesses.reduce((total, witness) => total + of(witness), 0);
    // What one of them is told of another comes through Redis: one of each two is told of the other.
    const inRoom = witnesses.length / ROOMS.length;
    const told = (ROOMS.length * inRoom * (inRoom - 1)) / 2;
    await until(() => sum(({ present }) => present.size) === told, SETTLE_MS);
    for (const witness of witnesses) await witness.begin();

    const stories: Story[] = [];
    let left = count;
    let hung = 0;
    await Promise.all(
      Array.from({ length: WORKERS }, async (_, n) => {
        const random = createRandom(seed * WORKERS + n);
        while (left-- > 0 && hung === 0) {
          const isOver = await Promise.race([
            race(cluster, random).then((story) => stories.push(story)),
            sleep(RACE_MS).then(() => 0),
          ]);
          if (isOver === 0) hung++;
        }
      }),
    );
    const isSettled = () => witnesses.every(({ present, away }) => present.size + away.size === 0);
    await until(isSettled, SETTLE_MS);
    await Promise.all(witnesses.map((witness) => witness.settled()));
    report.show("races", count);
    const ids = stories.flatMap((story) => [...story.ids]);
    report.show("seats", ids.length);
    report.must("races that never ended", hung);
    report.must(
      "impossible events",
      sum(({ faults }) => faults.length),
    );
    report.must(
      "ghosts that witnesses see",
      sum(({ present }) => present.size),
    );
    report.must(
      "of them away",
      sum(({ away }) => away.size),
    );
    const faults = witnesses.flatMap(({ faults }, n) => {
      const node = Math.floor(n / (witnesses.length / cluster.nodes.length));
      return faults.map((fault) => `${fault}, at node ${node}`);
    });
    const ghosts = witnesses.flatMap(({ present }) => [...present]);
    showExamples(report, faults, stories);
    showExamples(report, [...new Set(ghosts)], stories);
    for (const witness of witnesses) await witness.leave();
    await mustBeEmpty(cluster, report, [...ROOMS, ...ids]);
    mustLogNothing(cluster, report);
  });
}

/** The first of them, with what had happened to the peer whose id each begins with. */
function showExamples(report: Report, texts: readonly string[], stories: readonly Story[]): void {
  for (const text of texts.slice(0, MAX_EXAMPLES)) {
    report.show("", text);
    const [id = ""] = text.split(":");
    report.show("", String(stories.find(({ ids }) => ids.has(id)) ?? "no racer's"));
  }
}

/** What has happened in a race, for those who look for a fault. */
class Story {
  readonly ids = new Set<string>();
  private readonly lines: string[] = [];
  private readonly startAt = performance.now();

  tell(racer: number, text: string): void {
    this.lines.push(`${Math.round(performance.now() - this.startAt)} ms: ${racer} ${text}`);
  }

  hear(racer: number, answer: Answer): void {
    if (!answer.ok) this.tell(racer, answer.error.code);
    // A leave's answer has no self.
    else if (answer.self) {
      this.ids.add(answer.self.id);
      this.tell(racer, `is ${answer.self.id}`);
    }
  }

  toString(): string {
    return this.lines.join("; ");
  }
}

/** One peer or two with seats, to which several things happen at once. */
async function race(cluster: Cluster, random: Random): Promise<Story> {
  const story = new Story();
  const racers = Array.from({ length: 1 + random.upTo(1) }, (_, n) => {
    const nextUrl = () => {
      const node = random.upTo(cluster.nodes.length - 1);
      story.tell(n, `connects to node ${node}`);
      return cluster.url(node);
    };
    return new Racer(nextUrl, (name, [answer]) => {
      if (name === "answer") story.hear(n, answer as Answer);
    });
  });
  await Promise.all(racers.map((racer) => racer.join(random.pick(ROOMS))));
  const under: unknown[] = [];
  for (let steps = 2 + random.upTo(4); steps > 0; steps--) {
    const name = random.pick(Object.keys(STEPS));
    const racer = random.pick(racers);
    story.tell(racers.indexOf(racer), `will ${name}`);
    const underWay = STEPS[name]?.(racer, random);
    under.push(underWay);
    // Some follow when the one before is done, most while it is under way.
    if (random.chance(0.3)) await underWay;
    else for (let turns = random.upTo(6); turns > 0; turns--) await turn();
  }
  await Promise.all(under);
  for (const n of racers.keys()) story.tell(n, "vanishes");
  await Promise.all(racers.map((racer) => racer.vanish(random.pick(LOSSES))));
  return story;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
