/** The stage of a call: our own tile, those of the others, and an invitation while we are alone. */

import { copyOf, find, oncePerFrame } from "../dom.ts";
import { linkTo } from "../room.ts";
import { arrange, arrangeAround, type Box } from "./layout.ts";
import { createPhoneCode } from "./phone.ts";
import { Tile } from "./tile.ts";

/** Arranges the tiles when they are added or removed and when the window changes. */
export class Stage {
  readonly self: Tile;
  private readonly grid: HTMLElement;
  private readonly invitation: HTMLElement;
  private readonly others = new Map<string, Tile>();
  /** Places the tiles in the next frame. To be called when screen sharing starts or stops. */
  readonly arrange = oncePerFrame(() => this.placeTiles());

  /** @param room its link is shown in the invitation */
  constructor(root: HTMLElement, name: string, room: string, signal: AbortSignal) {
    this.grid = find(HTMLElement, ".grid", root);
    this.self = new Tile(name, { isSelf: true });
    this.invitation = createInvitation(room);
    this.grid.replaceChildren(this.self.element, this.invitation);
    const resizes = new ResizeObserver(() => this.arrange());
    resizes.observe(this.grid);
    signal.addEventListener("abort", () => resizes.disconnect());
  }

  /** How many people are in the call, ourselves included. */
  get headcount(): number {
    return this.others.size + 1;
  }

  /** The tile of the peer with this id. */
  tile(id: string): Tile | undefined {
    return this.others.get(id);
  }

  add(id: string, name: string): Tile {
    const tile = new Tile(name);
    this.others.set(id, tile);
    this.invitation.remove();
    this.grid.append(tile.element);
    this.arrange();
    return tile;
  }

  remove(id: string): void {
    this.others.get(id)?.remove();
    this.others.delete(id);
    if (this.others.size === 0) this.grid.append(this.invitation);
    this.arrange();
  }

  private placeTiles(): void {
    const { clientWidth: width, clientHeight: height } = this.grid;
    const tiles = [...this.others.values()];
    const screen = tiles.find(({ isScreen }) => isScreen);
    const rest = tiles.filter((tile) => tile !== screen).map(({ element }) => element);
    const placed = [
      ...(screen ? [screen.element] : []),
      this.self.element,
      ...(tiles.length > 0 ? rest : [this.invitation]),
    ];
    const boxes = (screen ? arrangeAround : arrange)({ width, height }, placed.length);
    for (const [index, element] of placed.entries()) place(element, boxes[index]);
  }
}

function createInvitation(room: string): HTMLElement {
  const invitation = copyOf("invitation");
  const input = find(HTMLInputElement, "input", invitation);
  input.value = linkTo(room);
  input.addEventListener("focus", () => input.select());
  invitation.append(...createPhoneCode(room));
  return invitation;
}

/** Moves an element; the style sheet animates it. */
function place(element: HTMLElement, box: Box | undefined): void {
  for (const [name, value] of Object.entries(box ?? {})) {
    element.style.setProperty(`--${name}`, `${value}px`);
  }
}
