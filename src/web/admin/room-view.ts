/** An open room: its peers, and its timeline. */

import { find } from "../dom.ts";
import type { Peer, Step } from "./api.ts";
import type { KeyedList } from "./keyed-list.ts";
import { createPeerList, nameOf } from "./peers.ts";
import { Timeline } from "./timeline.ts";

/** What is done with a room. */
export interface RoomActions {
  onDisconnect: (peer: Peer) => void;
  onClose: (room: string) => void;
}

/** The part of the page for the room that is open. */
export class RoomView {
  /** The room that is open; "" for none. */
  room = "";
  private readonly root = find(HTMLElement, ".room");
  private readonly title = find(HTMLElement, "#room-title");
  private readonly nobody = find(HTMLElement, ".peers + .none", this.root);
  private readonly nothing = find(HTMLElement, ".steps + .none", this.root);
  private readonly peers: KeyedList<Peer>;
  private readonly timeline = new Timeline(this.root);
  /** Of those who were here since the room was opened. */
  private readonly names = new Map<string, string>();

  constructor({ onDisconnect, onClose }: RoomActions) {
    this.peers = createPeerList(this.root, onDisconnect);
    find(HTMLElement, "[data-open=close]", this.root).addEventListener("click", () =>
      onClose(this.room),
    );
  }

  /** Opens a room, of which nothing is shown yet; "" closes it. */
  open(room: string): void {
    this.room = room;
    this.names.clear();
    this.peers.show([]);
    this.timeline.show([], this.names);
    this.nobody.hidden = true;
    this.nothing.hidden = true;
    this.title.textContent = room;
    this.root.hidden = room === "";
    find(HTMLElement, ".hint").hidden = room !== "";
    document.body.classList.toggle("in-room", room !== "");
    document.title = `${room === "" ? "Admin" : room} · roomrelay`;
    if (room !== "") this.title.focus();
  }

  /** Shows who is there, and what has happened. */
  show(peers: readonly Peer[], steps: readonly Step[]): void {
    for (const peer of peers) this.names.set(peer.id, nameOf(peer));
    this.peers.show(peers);
    this.timeline.show(steps, this.names);
    this.nobody.hidden = peers.length > 0;
    this.nothing.hidden = steps.length > 0;
  }
}
