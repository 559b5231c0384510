/** What a run has found: figures to print, and which of them shouldn't be. */

export class Report {
  readonly faults: string[] = [];
  private readonly rows: string[][] = [["what", "found", "goal"]];

  show(what: string, found: number | string): void {
    this.rows.push([what, textOf(found), ""]);
  }

  /** A number that has to be this one, 0 if left out. */
  must(what: string, found: number, goal = 0): void {
    this.judge(what, found, String(goal), found === goal);
  }

  /** A number that may be so large. NaN, of what was never seen, isn't. */
  atMost(what: string, found: number, goal: number): void {
    this.judge(what, found, `≤ ${goal}`, found <= goal);
  }

  fault(text: string): void {
    this.faults.push(text);
  }

  get isFine(): boolean {
    return this.faults.length === 0;
  }

  toString(): string {
    const [head = [], ...rows] = this.rows;
    const lines = [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`);
    return [...lines, "", ...this.faults.map((fault) => `FAILED: ${fault}`)].join("\n");
  }

  private judge(what: string, found: number, goal: string, isRight: boolean): void {
    this.rows.push([what, textOf(found), goal]);
    if (!isRight) this.faults.push(`${what}: ${textOf(found)}, and not ${goal}`);
  }
}

function textOf(found: number | string): string {
  return typeof found === "string" ? found : String(Math.round(found * 10) / 10);
}
