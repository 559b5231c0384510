/** Measures this server beside what one would use in its place: `npm run bench`. */

import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { drawChart } from "./chart.ts";
import { createContestants } from "./contestants.ts";
import { hasOwnCores, pinLoad } from "./cores.ts";
import { measureAll, measureGrowth } from "./measure.ts";
import { lackOfFiles } from "./open-files.ts";
import { HELP, type Options, parseOptions } from "./options.ts";
import { measureRestart } from "./restart.ts";
import { Results } from "./results.ts";
import { figuresTable, goalsTable, ratiosTable } from "./table.ts";

const CHART = ".github/bench.svg";
/** After this no server is visited any more; with the last visit that makes 10 minutes at most. */
const TIME_LIMIT_MS = 570_000;
/** A server that sends everything to everyone is not asked to do so for more peers. */
const MOST_PEERS_FOR_EVERYONE = 1_000;

try {
  const options = parseOptions(process.argv.slice(2), createContestants);
  if (options === "help") console.log(HELP);
  else await run(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function run({ growth: wanted, ...options }: Options): Promise<void> {
  const { contestants, peers, rounds } = options;
  const lack = lackOfFiles(peers);
  if (lack) throw new Error(lack);
  const growth = wanted.filter((count) => isPossible(lackOfFiles(count)));
  pinLoad();
  const results = new Results();
  const visits = visitsOf({ ...options, growth });
  const start = performance.now();
  for (let round = 1; round <= rounds; round++) {
    results.beginRound();
    for (const { contestant, count, what, measure } of visits) {
      if (performance.now() - start > TIME_LIMIT_MS) {
        console.error("ended early, for want of time: the machine is slow or busy");
        round = rounds;
        break;
      }
      console.error(`round ${round} of ${rounds}: ${contestant.title}, ${count} ${what}`);
      results.add(contestant.name, count, await measure(contestant, count));
    }
  }
  const shown = { ...options, growth };
  console.log(`${machine()}; median of the rounds (least to most)\n`);
  console.log(figuresTable(results, shown));
  console.log(ratiosTable(results, shown));
  console.log(goalsTable(results));
  if (wanted.length === 0 || contestants.length < createContestants(undefined).length) return;
  const drawn = contestants.filter(({ isVariant }) => !isVariant);
  writeFileSync(CHART, drawChart(results, drawn, [peers, ...growth]));
  console.log(`chart: ${CHART}`);
}

/** What each round does, in its order. */
function visitsOf({ contestants, peers, growth, restartPeers }: Options) {
  return [
    ...[peers, ...growth].flatMap((count) =>
      contestants
        .filter(({ reaches }) => reaches !== "everyone" || count <= MOST_PEERS_FOR_EVERYONE)
        .filter(({ isVariant }) => !isVariant || count === peers)
        .map((contestant) => ({
          contestant,
          count,
          what: "peers",
          measure: count === peers ? measureAll : measureGrowth,
        })),
    ),
    ...contestants
      .filter(({ restart, isVariant }) => restart && !isVariant)
      .filter(({ restart }) => isPossible(lackOfFiles(restartPeers, restart?.filesEach)))
      .map((contestant) => ({
        contestant,
        count: restartPeers,
        what: "peers, and a restart",
        measure: measureRestart,
      })),
  ];
}

/** Whether there is no lack; says what is left out for it. */
function isPossible(lack: string | undefined): boolean {
  if (lack) console.error(`left out: ${lack}`);
  return !lack;
}

function machine(): string {
  const { length } = cpus();
  const cores = hasOwnCores ? "server and load on one core each" : "server and load share cores";
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, Node ${process.versions.node}, ${length} × ${cpus()[0]?.model.trim()}, ${cores}`;
}
