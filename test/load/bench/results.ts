/** The figures of all rounds, and what comes of them. */

import type { Cell, FigureName, Figures } from "./figures.ts";
import type { Goal } from "./goals.ts";
import { type Spread, spreadOf } from "./statistics.ts";

export class Results {
  /** By round, then by server and number of peers. */
  private readonly rounds: Map<string, Figures>[] = [];

  beginRound(): void {
    this.rounds.push(new Map());
  }

  /** Adds to what this round has of this server with so many peers. */
  add(contestant: string, peers: number, figures: Figures): void {
    const name = key(contestant, peers);
    const round = this.rounds.at(-1);
    round?.set(name, { ...round.get(name), ...figures });
  }

  /** One figure over the rounds; undefined if it was never taken. */
  spread(contestant: string, peers: number, figure: FigureName): Spread | undefined {
    return this.over((round) => round.get(key(contestant, peers))?.[figure]);
  }

  /** The ratio of two figures, taken within each round, over the rounds. */
  ratio(above: Cell, below: Cell): Spread | undefined {
    return this.compare(above, below, (a, b) => a / b);
  }

  /** What was measured of a goal; undefined if a part of it wasn't. */
  of(goal: Goal): Spread | undefined {
    if (goal.by === "value") return this.spread(goal.of.contestant, goal.of.peers, goal.of.figure);
    if (goal.by === "ratio") return this.ratio(goal.above, goal.below);
    return this.compare(goal.above, goal.below, (a, b) => a - b);
  }

  private compare(
    above: Cell,
    below: Cell,
    by: (a: number, b: number) => number,
  ): Spread | undefined {
    return this.over((round) => {
      const [a, b] = [above, below].map((c) => round.get(key(c.contestant, c.peers))?.[c.figure]);
      return a === undefined || b === undefined ? undefined : by(a, b);
    });
  }

  private over(read: (round: Map<string, Figures>) => number | undefined): Spread | undefined {
    const values = this.rounds.map(read).filter((value) => value !== undefined);
    return values.length > 0 ? spreadOf(values) : undefined;
  }
}

function key(contestant: string, peers: number): string {
  return `${contestant} ${peers}`;
}
