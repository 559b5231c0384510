/** The lobby: name, room, and a preview of the devices. */

import type { SignalingClient } from "../../client/index.ts";
import { find } from "../dom.ts";
import type { LocalMedia } from "../media/media.ts";
import { explainJoin } from "../problems.ts";
import { roomInAddress, suggestRoom } from "../room.ts";
import type { Say } from "../toast.ts";
import { Preview } from "./preview.ts";

/** The key under which the name is stored. */
const NAME_KEY = "name";

/** What the user has entered. */
export interface Entry {
  name: string;
  room: string;
}

export interface LobbyOptions {
  root: HTMLElement;
  /** The room in the page's address, or a suggested one. */
  room: string;
  signaling: SignalingClient;
  media: LocalMedia;
  say: Say;
  /** Joins; rejects if that fails or `giveUp` is aborted. */
  join: (entry: Entry, giveUp: AbortSignal) => Promise<void>;
}

/** The form for joining, and the preview beside it. */
export class Lobby {
  private readonly options: LobbyOptions;
  private readonly form: HTMLFormElement;
  private readonly name: HTMLInputElement;
  private readonly room: HTMLInputElement;
  private readonly notice: HTMLElement;
  private readonly preview: Preview;
  private joining = new AbortController();
  private isJoining = false;

  constructor(options: LobbyOptions) {
    this.options = options;
    const { root, media, say } = options;
    this.form = find(HTMLFormElement, "form", root);
    this.name = find(HTMLInputElement, "#name", root);
    this.room = find(HTMLInputElement, "#room", root);
    this.notice = find(HTMLElement, ".notice", root);
    this.preview = new Preview(root, media, say);
    this.fillIn();
    this.listen();
  }

  /** Asks for camera and microphone. */
  start(): Promise<void> {
    return this.preview.start();
  }

  /** Shows the lobby again after a call, with the reason if it ended with an error. */
  show(notice: string): void {
    this.options.root.hidden = false;
    this.preview.show(true);
    this.say(notice);
    find(HTMLElement, "h1", this.options.root).focus();
  }

  hide(): void {
    this.options.root.hidden = true;
    this.preview.show(false);
  }

  private fillIn(): void {
    const { root, room } = this.options;
    this.room.value = room;
    this.name.value = recallName();
    if (!roomInAddress()) return;
    find(HTMLElement, "h1", root).textContent = "Join the call";
    find(HTMLElement, ".lead", root).hidden = true;
    find(HTMLElement, ".lead.invited", root).hidden = false;
  }

  private listen(): void {
    const { root, signaling } = this.options;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      // The button stays enabled, so that it keeps the focus.
      if (!this.isJoining) this.join();
    });
    // The server allows no spaces in the name of a room.
    this.room.addEventListener("input", () => {
      this.room.value = this.room.value.replace(/\s/g, "-");
    });
    find(HTMLElement, "[data-suggest]", root).addEventListener("click", () => {
      this.room.value = suggestRoom();
    });
    find(HTMLElement, "[data-cancel]", root).addEventListener("click", () => this.joining.abort());
    for (const type of ["connect", "disconnect"] as const) {
      signaling.addEventListener(type, () => this.render());
    }
    signaling.addEventListener("refuse", ({ error }) => {
      // During a call, it ends the call, and the lobby is shown with the reason.
      if (!root.hidden) this.say(explainJoin(error, this.room.value));
    });
    this.render();
  }

  private async join(): Promise<void> {
    const entry = { name: this.name.value.trim(), room: this.room.value };
    rememberName(entry.name);
    this.say("");
    this.joining = new AbortController();
    this.isJoining = true;
    this.render();
    try {
      await this.options.join(entry, this.joining.signal);
    } catch (error) {
      if (!this.joining.signal.aborted) this.say(explainJoin(error, entry.room));
    }
    this.isJoining = false;
    this.render();
  }

  private say(notice: string): void {
    this.notice.textContent = notice;
    this.notice.hidden = notice === "";
  }

  /** Shows whether the server is connected, and whether a join is in progress. */
  private render(): void {
    const { isJoining } = this;
    const { root, signaling } = this.options;
    const submit = find(HTMLButtonElement, ".primary", this.form);
    submit.setAttribute("aria-disabled", String(isJoining));
    submit.textContent = isJoining ? "Joining…" : "Join";
    find(HTMLElement, "[data-cancel]", root).hidden = !isJoining;
    const server = find(HTMLElement, ".server", root);
    server.classList.toggle("up", signaling.connected);
    server.textContent = signaling.connected ? "Server connected" : "Looking for the server…";
  }
}

/** The stored name. Browsers may deny access to storage; then there is none. */
function recallName(): string {
  try {
    return localStorage.getItem(NAME_KEY) ?? "";
  } catch {
    return "";
  }
}

function rememberName(name: string): void {
  try {
    localStorage.setItem(NAME_KEY, name);
  } catch {
    // No access to storage.
  }
}
