/** The list of rooms, and the field that searches it. */

import { copyOf, find } from "../dom.ts";
import { addressOf } from "./address.ts";
import type { Room } from "./api.ts";
import { KeyedList, setText } from "./keyed-list.ts";

/** Of thousands of rows, each redrawing takes a good part of a second; nobody reads them all. */
const LIMIT = 500;

/** One link of the list can be reached by Tab; the arrow keys, Home and End go to the others. */
export class RoomList {
  private readonly search = find(HTMLInputElement, "#search");
  private readonly list = find(HTMLElement, ".names");
  private readonly sum = find(HTMLElement, ".rooms .sum");
  private readonly none = find(HTMLElement, ".rooms .none");
  private readonly unknown = find(HTMLElement, ".rooms [data-unknown]");
  private readonly rows: KeyedList<Room>;
  private readonly more = find(HTMLElement, ".rooms [data-more]");
  private rooms: readonly Room[] = [];
  /** The number of rows at most. */
  private limit = LIMIT;
  private isLoaded = false;
  /** The room that is open. */
  private open = "";

  /** @param onOpen gets the name of a room that was typed in */
  constructor(onOpen: (room: string) => void) {
    this.rows = new KeyedList(this.list, {
      keyOf: ({ room }) => room,
      create: createRow,
      update: (row, room) => this.update(row, room),
      onFocusLost: (index) => (this.linkAt(index) ?? this.search).focus(),
    });
    this.search.addEventListener("input", () => this.draw());
    find(HTMLFormElement, ".rooms form").addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.search.value !== "") onOpen(this.search.value);
    });
    this.search.addEventListener("keydown", (event) => this.onSearchKey(event));
    this.more.addEventListener("click", () => {
      this.limit += LIMIT;
      this.draw();
    });
    this.list.addEventListener("keydown", (event) => this.onListKey(event));
    this.list.addEventListener("focusin", ({ target }) => this.setStop(target));
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || isTyping(event)) return;
      event.preventDefault();
      this.search.focus();
      this.search.select();
    });
  }

  /** Shows the rooms with members, given by name. */
  show(rooms: readonly Room[]): void {
    const isFirst = !this.isLoaded;
    this.isLoaded = true;
    this.rooms = rooms;
    const peers = rooms.reduce((sum, room) => sum + room.peers, 0);
    setText(this.sum, `${counted(rooms.length, "room")}, ${counted(peers, "peer")}`);
    this.draw();
    if (isFirst) this.reveal();
  }

  /** Marks the room that is open; "" for none. */
  mark(room: string): void {
    const left = this.open;
    this.open = room;
    this.draw();
    this.reveal();
    if (room !== "" || left === "") return;
    // On a narrow page, the list takes the place of the room.
    (this.linkOf(left) ?? find(HTMLElement, "#rooms-title")).focus();
  }

  private draw(): void {
    const text = this.search.value.trim().toLowerCase();
    const found = this.rooms.filter(({ room }) => room.toLowerCase().includes(text));
    this.rows.show(found.slice(0, this.limit));
    this.more.hidden = found.length <= this.limit;
    setText(this.more, `Show ${LIMIT} more of ${found.length.toLocaleString()}`);
    if (!this.list.querySelector("[tabindex='0']")) this.setStop(this.linkAt(0));
    this.none.hidden = !this.isLoaded || this.rooms.length > 0 || text !== "";
    this.unknown.hidden = !this.isLoaded || found.length > 0 || text === "";
    find(HTMLAnchorElement, "a", this.unknown).href = addressOf(this.search.value.trim());
  }

  private update(row: HTMLElement, { room, peers }: Room): void {
    const link = find(HTMLElement, "a", row);
    setText(find(HTMLElement, ".count", row), counted(peers, "peer"));
    if (room === this.open) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }

  private onSearchKey(event: KeyboardEvent): void {
    if (event.key === "Escape") {
      this.search.value = "";
      this.draw();
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      this.list.querySelector<HTMLElement>("[tabindex='0']")?.focus();
    }
  }

  private onListKey(event: KeyboardEvent): void {
    const { key, target } = event;
    const row = target instanceof Element ? target.closest("li") : null;
    const goal = {
      ArrowDown: row?.nextElementSibling,
      ArrowUp: row?.previousElementSibling,
      Home: this.list.firstElementChild,
      End: this.list.lastElementChild,
    }[key];
    if (goal === undefined) return;
    event.preventDefault();
    const link = goal?.querySelector("a");
    if (link) link.focus();
    else if (key === "ArrowUp") this.search.focus();
  }

  /** The link that Tab reaches. */
  private setStop(link: EventTarget | undefined | null): void {
    if (!(link instanceof HTMLAnchorElement)) return;
    for (const other of this.list.querySelectorAll<HTMLElement>("[tabindex='0']")) {
      other.tabIndex = -1;
    }
    link.tabIndex = 0;
  }

  private linkAt(index: number): HTMLElement | null | undefined {
    const { children } = this.list;
    return children[Math.min(index, children.length - 1)]?.querySelector("a");
  }

  private linkOf(room: string): HTMLElement | null | undefined {
    return this.rows.get(room)?.querySelector("a");
  }

  private reveal(): void {
    const link = this.linkOf(this.open);
    this.setStop(link);
    link?.scrollIntoView({ block: "nearest" });
  }
}

function createRow({ room }: Room): HTMLElement {
  const row = copyOf("row");
  find(HTMLAnchorElement, "a", row).href = addressOf(room);
  find(HTMLElement, ".name", row).textContent = room;
  return row;
}

const counted = (count: number, noun: string) =>
  `${count.toLocaleString()} ${noun}${count === 1 ? "" : "s"}`;

/** Whether the key is text for a field, or for a dialog, or a shortcut of the browser. */
function isTyping({ target, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  if (ctrlKey || metaKey || altKey) return true;
  return target instanceof Element && target.closest("input, dialog") !== null;
}
