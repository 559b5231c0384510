/** The results as Markdown, for a terminal as well as for .github/BENCHMARK.md. */

import type { Contestant } from "./contestants.ts";
import { FIGURES, type FigureName } from "./figures.ts";
import { GOALS } from "./goals.ts";
import type { Results } from "./results.ts";
import type { Spread } from "./statistics.ts";

interface TableOptions {
  contestants: readonly Contestant[];
  peers: number;
  growth: readonly number[];
  restartPeers: number;
}

/** With few peers a process grows by what it has put aside, and not by what they take. */
const LEAST_PEERS_FOR_MEMORY = 5_000;

/** What is shown for other numbers of peers. */
const GROWING = new Set<FigureName>(["message", "memory"]);
/** Has a number of peers of its own. */
const RESTART = "restart";

function namesFor(peers: number): FigureName[] {
  const names = Object.keys(FIGURES).filter((name): name is FigureName => name in FIGURES);
  return names.filter(
    (name) => name !== RESTART && (name !== "memory" || peers >= LEAST_PEERS_FOR_MEMORY),
  );
}

const restartTitle = (peers: number) => `${thousands(peers)} clients ${FIGURES[RESTART].title}`;

/** Every figure of every server: the median, and how far the rounds spread. */
export function figuresTable(
  results: Results,
  { contestants, peers, growth, restartPeers }: TableOptions,
) {
  const row = (name: FigureName, count: number, title: string) => [
    `${title}, ${FIGURES[name].unit}`,
    ...contestants.map((contestant) => formatted(results.spread(contestant.name, count, name))),
  ];
  return markdown(
    [`${thousands(peers)} peers`, ...contestants.map(({ title }) => title)],
    [
      ...namesFor(peers).map((name) => row(name, peers, FIGURES[name].title)),
      ...growth.flatMap((count) =>
        namesFor(count)
          .filter((name) => GROWING.has(name))
          .map((name) => row(name, count, `${FIGURES[name].title}, ${thousands(count)} peers`)),
      ),
      row(RESTART, restartPeers, restartTitle(restartPeers)),
    ],
  );
}

/** Ours as a ratio to each other server, taken within each round. */
export function ratiosTable(results: Results, { contestants, peers, restartPeers }: TableOptions) {
  const others = contestants.filter(({ name }) => name !== "ours");
  const row = (figure: FigureName, count: number, title: string) => [
    title,
    ...others.map(({ name }) => {
      const above = { contestant: "ours", peers: count, figure };
      return formatted(results.ratio(above, { ...above, contestant: name }));
    }),
  ];
  return markdown(
    ["ours, as a ratio", ...others.map(({ title }) => `to ${title}`)],
    [
      ...namesFor(peers).map((figure) => row(figure, peers, FIGURES[figure].title)),
      row(RESTART, restartPeers, restartTitle(restartPeers)),
    ],
  );
}

/** The goals for which everything was measured, and whether they are met. */
export function goalsTable(results: Results) {
  const rows = GOALS.flatMap((goal) => {
    const { title, atMost } = goal;
    const measured = results.of(goal);
    if (!measured) return [];
    return [[title, String(atMost), formatted(measured), measured.median <= atMost ? "yes" : "no"]];
  });
  return rows.length > 0 ? markdown(["goal", "at most", "measured", "met"], rows) : "";
}

function formatted(spread: Spread | undefined): string {
  if (!spread) return "";
  const { median, min, max } = spread;
  if (min === max) return rounded(median);
  return `${rounded(median)} (${rounded(min)} to ${rounded(max)})`;
}

/** Three digits, or the whole number if it has more. */
function rounded(value: number): string {
  return value >= 100 ? thousands(Math.round(value)) : String(Number(value.toPrecision(3)));
}

function thousands(value: number): string {
  return value.toLocaleString("en-US");
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, column) => text.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return `${[line(head), rule, ...rows.map(line)].join("\n")}\n`;
}
