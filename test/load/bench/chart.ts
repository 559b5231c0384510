/** Draws what a relayed message costs as the peers become more, as SVG that reads on any background. */

import type { Contestant } from "./contestants.ts";
import type { Results } from "./results.ts";

const SIZE = { width: 720, height: 400 };
/** Room for the axes, and on the right for the names. */
const PLOT = { left: 70, right: 560, top: 50, bottom: 340 };
const GREY = "#8b949e";
const LABEL_HEIGHT = 16;

interface Point {
  peers: number;
  micros: number;
}

/** Both axes are logarithmic: a tenfold is the same step everywhere. */
export function drawChart(
  results: Results,
  contestants: readonly Contestant[],
  counts: readonly number[],
): string {
  const lines = contestants.map((contestant) => ({
    ...contestant,
    points: [...counts]
      .sort((a, b) => a - b)
      .flatMap((peers): Point[] => {
        const spread = results.spread(contestant.name, peers, "message");
        return spread ? [{ peers, micros: spread.median }] : [];
      }),
  }));
  const all = lines.flatMap(({ points }) => points);
  const x = scale(Math.min(...counts), Math.max(...counts), PLOT.left, PLOT.right);
  const top = 10 ** Math.ceil(Math.log10(Math.max(...all.map(({ micros }) => micros))));
  const bottom = 10 ** Math.floor(Math.log10(Math.min(...all.map(({ micros }) => micros))));
  const y = scale(bottom, top, PLOT.bottom, PLOT.top);
  const labels = placeLabels(
    lines.flatMap(({ title, colour, points }) => {
      const last = points.at(-1);
      if (!last) return [];
      return [{ title, colour, x: x(last.peers), y: y(last.micros) }];
    }),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" font-family="system-ui, sans-serif" font-size="13">`,
    "<title>Server CPU per relayed message, by number of peers</title>",
    text(PLOT.left, 24, "server CPU per relayed message, µs", { fill: GREY }),
    text((PLOT.left + PLOT.right) / 2, PLOT.bottom + 44, "peers, in rooms of two", {
      fill: GREY,
      "text-anchor": "middle",
    }),
    ...decades(bottom, top).flatMap((micros) => [
      `<path d="M${PLOT.left} ${fixed(y(micros))}H${PLOT.right}" stroke="${GREY}" stroke-opacity="0.3"/>`,
      text(PLOT.left - 8, y(micros) + 4, micros.toLocaleString("en-US"), {
        fill: GREY,
        "text-anchor": "end",
      }),
    ]),
    ...counts.map((peers) =>
      text(x(peers), PLOT.bottom + 22, peers.toLocaleString("en-US"), {
        fill: GREY,
        "text-anchor": "middle",
      }),
    ),
    ...lines.map(({ colour, points }) => {
      const path = points.map((p) => `${fixed(x(p.peers))} ${fixed(y(p.micros))}`).join("L");
      return `<path d="M${path}" fill="none" stroke="${colour}" stroke-width="2.5"/>`;
    }),
    ...lines.flatMap(({ colour, points }) =>
      points.map(
        (p) =>
          `<circle cx="${fixed(x(p.peers))}" cy="${fixed(y(p.micros))}" r="4" fill="${colour}"/>`,
      ),
    ),
    ...labels.map(({ title, colour, x, y }) => text(x + 12, y + 4, title, { fill: colour })),
    "</svg>\n",
  ].join("\n");
}

/** A logarithmic scale from `[low, high]` to `[start, end]`. */
function scale(low: number, high: number, start: number, end: number): (value: number) => number {
  const span = Math.log(high / low);
  return (value) => start + (Math.log(value / low) / span) * (end - start);
}

function decades(low: number, high: number): number[] {
  const count = Math.round(Math.log10(high / low)) + 1;
  return Array.from({ length: count }, (_, step) => low * 10 ** step);
}

/** Moves names apart that would cover each other. */
function placeLabels<T extends { y: number }>(labels: T[]): T[] {
  let lowest = Number.POSITIVE_INFINITY;
  return labels
    .sort((a, b) => b.y - a.y)
    .map((label) => {
      lowest = Math.min(label.y, lowest - LABEL_HEIGHT);
      return { ...label, y: lowest };
    });
}

function text(x: number, y: number, content: string, attributes: Record<string, string>): string {
  const pairs = Object.entries(attributes).map(([name, value]) => ` ${name}="${value}"`);
  return `<text x="${fixed(x)}" y="${fixed(y)}"${pairs.join("")}>${content}</text>`;
}

function fixed(value: number): string {
  return value.toFixed(1);
}
