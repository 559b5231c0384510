/** The others in a room, as far as we know: who is there, who is away, and for how long. */

import type { Metadata, Peer } from "../protocol/messages.ts";
import type { MeshEvents } from "./mesh-types.ts";
import type { MeshPeer } from "./peer.ts";
import type { SignalingClient } from "./signaling.ts";

type Emit = <Type extends keyof MeshEvents>(type: Type, members: MeshEvents[Type]) => void;

/** The others in a room, longest-standing first. */
export class Members {
  private readonly emit: Emit;
  private readonly create: (peer: Peer) => MeshPeer | undefined;
  private readonly ending = new AbortController();
  private readonly byId = new Map<string, MeshPeer>();
  /** Those whom the server doesn't know now; they go when their timer fires. */
  private readonly missing = new Map<MeshPeer, ReturnType<typeof setTimeout>>();
  /** Of these, those who will come back under another id, if at all. */
  private readonly leftOver = new Set<MeshPeer>();

  /** @param create undefined when nobody is to be added */
  constructor(emit: Emit, create: (peer: Peer) => MeshPeer | undefined) {
    this.emit = emit;
    this.create = create;
  }

  get all(): MeshPeer[] {
    return [...this.byId.values()];
  }

  /** Follows what the server says of them, and passes on what they say. */
  listen(signaling: SignalingClient): void {
    const until = { signal: this.ending.signal };
    signaling.addEventListener("peerjoin", ({ peer }) => this.welcome(peer), until);
    signaling.addEventListener("peerleave", ({ id }) => this.remove(id), until);
    signaling.addEventListener("peeraway", ({ id }) => this.goAway(id), until);
    signaling.addEventListener("peerback", ({ id, gap }) => this.comeBack(id, gap), until);
    signaling.addEventListener(
      "peermetadata",
      ({ id, metadata }) => this.setMetadata(id, metadata),
      until,
    );
    signaling.addEventListener(
      "description",
      ({ description, from }) => this.byId.get(from)?.receiveDescription(description),
      until,
    );
    signaling.addEventListener(
      "candidate",
      ({ candidate, from }) => this.byId.get(from)?.receiveCandidate(candidate),
      until,
    );
  }

  /** Adds it, in the place of one with the same id. */
  add(info: Peer): MeshPeer | undefined {
    const peer = this.create(info);
    if (!peer) return undefined;
    this.remove(info.id);
    this.byId.set(info.id, peer);
    this.emit("peerjoin", { peer });
    return peer;
  }

  /** We have our seat again, and nothing is lost: what has changed is told after this, but for the metadata. */
  update(users: readonly Peer[]): void {
    for (const { id, metadata } of users) this.setMetadata(id, metadata);
  }

  /**
   * We have our seat again, but nobody knows what has arrived: `users` alone says who is there. The others may be on
   * their way back, as after a restart.
   */
  catchUp(users: readonly Peer[], graceMs: number): void {
    const missing = new Set(this.all);
    for (const user of users) {
      const peer = this.byId.get(user.id);
      if (peer) missing.delete(peer);
      if (peer) this.comeBack(user.id, true);
      else this.add(user)?.callLater();
    }
    for (const peer of missing) this.miss(peer, graceMs);
    this.update(users);
  }

  /**
   * We have another id now, and the others know nothing of the one before. Whoever is still connected with it stays for
   * that long, unless the call breaks off, or somebody of the same name is connected anew.
   */
  startOver(users: readonly Peer[], graceMs: number): void {
    const ids = new Set(users.map(({ id }) => id));
    for (const peer of this.all) {
      if (graceMs > 0 && isConnected(peer) && !ids.has(peer.id)) {
        this.leftOver.add(peer);
        this.miss(peer, graceMs);
      } else {
        this.remove(peer.id);
      }
    }
  }

  /** To be called when the state of its connection has changed. */
  onConnectionState(peer: MeshPeer): void {
    if (this.leftOver.has(peer)) {
      if (!isConnected(peer)) this.remove(peer.id);
    } else if (isConnected(peer)) {
      const before = [...this.leftOver].find(({ name }) => name === peer.name);
      if (before) this.remove(before.id);
    }
  }

  /** Removes them all, for good. */
  end(): void {
    this.ending.abort();
    for (const { id } of this.all) this.remove(id);
  }

  /** Somebody has joined, or is back after a restart of the server: then the connection stays as it is. */
  private welcome(peer: Peer): void {
    if (!this.byId.has(peer.id)) return void this.add(peer);
    this.setMetadata(peer.id, peer.metadata);
    this.comeBack(peer.id, true);
  }

  private remove(id: string): void {
    const peer = this.byId.get(id);
    if (!peer) return;
    this.byId.delete(id);
    this.found(peer);
    this.leftOver.delete(peer);
    peer.close();
    this.emit("peerleave", { peer });
  }

  private goAway(id: string): void {
    const peer = this.byId.get(id);
    if (!peer || peer.away) return;
    peer.away = true;
    this.emit("peeraway", { peer });
  }

  /** It is there. With `gap`, what was under way may be lost. */
  private comeBack(id: string, gap: boolean): void {
    const peer = this.byId.get(id);
    if (!peer) return;
    this.found(peer);
    if (gap) peer.repair();
    if (!peer.away) return;
    peer.away = false;
    this.emit("peerback", { peer });
  }

  private setMetadata(id: string, metadata: Metadata | undefined): void {
    const peer = this.byId.get(id);
    if (!peer || JSON.stringify(peer.metadata) === JSON.stringify(metadata)) return;
    peer.metadata = metadata;
    this.emit("peermetadata", { peer });
  }

  /** The server doesn't know it: it goes, unless it comes back in time. */
  private miss(peer: MeshPeer, graceMs: number): void {
    // An application may leave at any event.
    if (this.byId.get(peer.id) !== peer) return;
    this.found(peer);
    this.missing.set(
      peer,
      setTimeout(() => this.remove(peer.id), graceMs),
    );
    this.goAway(peer.id);
  }

  private found(peer: MeshPeer): void {
    clearTimeout(this.missing.get(peer));
    this.missing.delete(peer);
  }
}

const isConnected = ({ connection }: MeshPeer) => connection?.connectionState === "connected";
