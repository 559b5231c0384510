/** The timeline of a room: what its peers did, and what became of it. */

import { copyOf, find } from "../dom.ts";
import type { Step } from "./api.ts";
import { KeyedList, setText } from "./keyed-list.ts";
import { setTime } from "./times.ts";

/** A step with its key in the list. */
interface Entry {
  readonly key: string;
  readonly step: Step;
}

/** The names of peers, by id. */
export type Names = ReadonlyMap<string, string>;

const ID_LENGTH = 6;
const FINE: ReadonlySet<string> = new Set(["ok", "connected", "ended"]);
/** Of these events, an outcome that isn't fine is no refusal. */
const NOT_ASKED: ReadonlySet<string> = new Set(["call_report", "cut_off", "removed", "resumed"]);

/** The list, newest step first. */
export class Timeline {
  private readonly rows: KeyedList<Entry>;
  private names: Names = new Map();

  constructor(root: HTMLElement) {
    this.rows = new KeyedList(find(HTMLElement, ".steps", root), {
      keyOf: ({ key }) => key,
      create: ({ step }) => createRow(step),
      update: (row, { step }) => updateRow(row, step, this.names),
      onFocusLost: () => {},
    });
  }

  /** Shows the steps, given oldest first, with the names that are known. */
  show(steps: readonly Step[], names: Names): void {
    this.names = names;
    this.rows.show(withKeys(steps).reverse());
  }
}

/** A step is told by all that it says. Some are the same in every part. */
function withKeys(steps: readonly Step[]): Entry[] {
  const seen = new Map<string, number>();
  return steps.map((step) => {
    const text = JSON.stringify(step);
    const count = (seen.get(text) ?? 0) + 1;
    seen.set(text, count);
    return { key: `${count} ${text}`, step };
  });
}

function createRow(step: Step): HTMLElement {
  const row = copyOf("step");
  setTime(find(HTMLTimeElement, "time", row), step.at, { milliseconds: true });
  find(HTMLElement, ".event", row).textContent = step.event;
  find(HTMLElement, ".size", row).textContent = sizeOf(step);
  const outcome = find(HTMLElement, ".outcome", row);
  outcome.classList.add(toneOf(step));
  outcome.textContent = outcomeOf(step);
  return row;
}

function updateRow(row: HTMLElement, step: Step, names: Names): void {
  setPeer(find(HTMLElement, ".from", row), step.from, names);
  const to = find(HTMLElement, ".to", row);
  // What was relayed to nobody in particular went to all others.
  to.hidden = step.to === undefined && step.delivered === undefined;
  if (step.to === undefined)
    setText(find(HTMLElement, "bdi", to), `all others (${step.delivered})`);
  else setPeer(to, step.to, names);
}

/** The name and a short id of a peer; of one that isn't known, the whole id. */
function setPeer(place: HTMLElement, id: string | undefined, names: Names): void {
  const name = id && names.get(id);
  const code = find(HTMLElement, "code", place);
  setText(find(HTMLElement, "bdi", place), name ?? "");
  setText(code, (name === undefined ? id : id?.slice(0, ID_LENGTH)) ?? "");
  if (id !== undefined && code.title !== id) code.title = id;
}

function sizeOf({ bytes, candidates }: Step): string {
  const parts = [];
  if (candidates !== undefined) parts.push(`${candidates} candidate${candidates === 1 ? "" : "s"}`);
  if (bytes !== undefined) parts.push(`${bytes.toLocaleString()} B`);
  return parts.join(", ");
}

/** How it stands out; the text says the same. */
function toneOf({ event, outcome }: Step): "fine" | "amiss" | "bad" {
  if (FINE.has(outcome)) return "fine";
  return ["screened", "gap"].includes(outcome) || event === "removed" ? "amiss" : "bad";
}

function outcomeOf(step: Step): string {
  const { event, outcome, times, path, reason, ms } = step;
  const isRefusal = toneOf(step) === "bad" && !NOT_ASKED.has(event);
  const parts = [isRefusal ? `refused: ${outcome}` : outcome];
  if (reason !== undefined) parts.push(reason);
  if (path !== undefined) parts.push(path);
  if (ms !== undefined) parts.push(`${ms.toLocaleString()} ms`);
  return parts.join(", ") + (times === undefined ? "" : ` ×${times}`);
}
