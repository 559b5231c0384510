/** A list whose rows stay the same elements while what they show changes. */

/** What a list does with its items. */
export interface Rows<T> {
  /** Tells the items apart. */
  keyOf: (item: T) => string;
  create: (item: T) => HTMLElement;
  /** Called for new rows, too. Changes nothing that is right already. */
  update: (row: HTMLElement, item: T) => void;
  /** The row with the focus is gone; `index` was its place. */
  onFocusLost: (index: number) => void;
}

/** Adds and removes what has changed alone, so that focus, selection and scrolling survive. */
export class KeyedList<T> {
  private readonly list: HTMLElement;
  private readonly rows: Rows<T>;
  private shown = new Map<string, HTMLElement>();

  constructor(list: HTMLElement, rows: Rows<T>) {
    this.list = list;
    this.rows = rows;
  }

  /** Shows these items, in this order. */
  show(items: readonly T[]): void {
    const { list, rows, shown } = this;
    const focused = this.focusedIndex();
    const wanted = new Map(items.map((item) => [rows.keyOf(item), item]));
    for (const [key, row] of shown) if (!wanted.has(key)) row.remove();
    const next = new Map<string, HTMLElement>();
    let place = list.firstElementChild;
    for (const [key, item] of wanted) {
      const row = shown.get(key) ?? rows.create(item);
      rows.update(row, item);
      if (row === place) place = row.nextElementSibling;
      else list.insertBefore(row, place);
      next.set(key, row);
    }
    this.shown = next;
    if (focused >= 0 && !list.contains(document.activeElement)) rows.onFocusLost(focused);
  }

  /** The row of the item with this key, if it is shown. */
  get(key: string): HTMLElement | undefined {
    return this.shown.get(key);
  }

  private focusedIndex(): number {
    const { activeElement } = document;
    if (!this.list.contains(activeElement)) return -1;
    return [...this.list.children].findIndex((row) => row.contains(activeElement));
  }
}

/** Sets the text, unless it is the same: a selection in it would be lost. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
