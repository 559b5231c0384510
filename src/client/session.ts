/** One stay in a room, from join to leave: the other peers, and the calls with them. */

import type { Joined, Peer } from "../protocol/messages.ts";
import { isCode, SignalingError } from "./errors.ts";
import { IceSettings } from "./ice.ts";
import type { MeshState, SessionDeps } from "./mesh-types.ts";
import { onNetworkChange } from "./network.ts";
import { MeshPeer } from "./peer.ts";
import { joinAgain } from "./rejoin.ts";

/** One stay in a room. When it has ended, it has no listeners and connections left. */
export class Session {
  private readonly deps: SessionDeps;
  private readonly room: string;
  private readonly name: string | undefined;
  private readonly members = new Map<string, MeshPeer>();
  private readonly ending = new AbortController();
  private readonly ice: IceSettings;
  /** Aborted when the connection to the server is lost again. */
  private connection: AbortController | undefined;
  private joined: Joined | undefined;
  state: MeshState = "idle";

  constructor(deps: SessionDeps, room: string, name: string | undefined) {
    this.deps = deps;
    this.room = room;
    this.name = name;
    const reconfigure = (configuration: RTCConfiguration) => {
      for (const { connection } of this.peers) connection?.setConfiguration(configuration);
    };
    this.ice = new IceSettings(deps.signaling, deps.configuration, reconfigure, this.ending.signal);
  }

  get self(): Peer | undefined {
    return this.joined?.self;
  }

  get peers(): MeshPeer[] {
    return [...this.members.values()];
  }

  /** Joins; the calls are set up afterwards. If the join is refused or aborted, the session has ended. */
  async start(signal: AbortSignal | undefined): Promise<void> {
    this.ending.signal.throwIfAborted();
    this.follow();
    this.setState("joining");
    try {
      await this.join(signal);
    } catch (error) {
      this.end();
      throw error;
    }
  }

  /** Closes every connection and removes the listeners. A join in progress rejects with `reason`. */
  end(reason?: unknown): void {
    this.ending.abort(reason);
    for (const { id } of this.peers) this.remove(id);
    this.joined = undefined;
    this.setState("idle");
  }

  /** Ends the session and leaves the room. Never rejects. */
  async leave(): Promise<void> {
    const wasIn = this.state !== "idle";
    this.end();
    // Without a connection there is no room to leave.
    if (wasIn) await this.deps.signaling.leave().catch(() => {});
  }

  private async join(signal?: AbortSignal): Promise<void> {
    await this.deps.signaling.join(this.room, {
      ...(this.name !== undefined && { name: this.name }),
      signal: AbortSignal.any([this.ending.signal, ...(signal ? [signal] : [])]),
    });
  }

  /** Listens to the server and the network until the session ends. */
  private follow(): void {
    const { signaling } = this.deps;
    const until = { signal: this.ending.signal };
    signaling.addEventListener("join", (joined) => this.enter(joined), until);
    signaling.addEventListener("peerjoin", ({ peer }) => void this.add(peer, false), until);
    signaling.addEventListener("peerleave", ({ id }) => this.remove(id), until);
    signaling.addEventListener(
      "description",
      ({ description, from }) => this.members.get(from)?.receiveDescription(description),
      until,
    );
    signaling.addEventListener(
      "candidate",
      ({ candidate, from }) => this.members.get(from)?.receiveCandidate(candidate),
      until,
    );
    signaling.addEventListener("error", ({ error }) => this.report(undefined, error), until);
    signaling.addEventListener("connect", () => this.comeBack(), until);
    signaling.addEventListener("resume", () => this.setState("joined"), until);
    signaling.addEventListener(
      "refuse",
      // The first join rejects by itself.
      ({ error }) => this.state === "reconnecting" && this.fail(error),
      until,
    );
    signaling.addEventListener(
      "disconnect",
      ({ willReconnect }) => {
        this.connection?.abort();
        if (willReconnect) this.setState("reconnecting");
        else this.fail(new SignalingError("disconnected", "the server ended the connection"));
      },
      until,
    );
    onNetworkChange(() => {
      for (const peer of this.peers) peer.restartIce();
    }, this.ending.signal);
  }

  /** In the room, for the first time or again: calls everyone who is there. */
  private enter(joined: Joined): void {
    // Peers from before a reconnect know us by our old id.
    for (const { id } of this.peers) this.remove(id);
    // An application may leave at any event.
    if (this.ending.signal.aborted) return;
    this.joined = joined;
    this.ice.take(joined);
    for (const user of joined.users) this.add(user, true)?.call();
    if (this.joined) this.setState("joined");
    this.ice.renew();
  }

  /** Connected again, with a new id and in no room. */
  private async comeBack(): Promise<void> {
    if (this.state !== "reconnecting") return;
    this.connection = new AbortController();
    const signal = AbortSignal.any([this.ending.signal, this.connection.signal]);
    try {
      await joinAgain(() => this.join(signal), signal);
    } catch (error) {
      // The connection is lost again: the next "connect" retries.
      if (!signal.aborted && !isCode(error, "disconnected")) this.fail(error);
    }
  }

  /**
   * @param polite whether we give way if both offer at once: the newcomer does, who made the first offer.
   *   It must not be the other: a Chromium that has answered an offer and later rolls back one of its own
   *   shows a frozen picture, though tracks are live and frames are decoded.
   */
  private add({ id, name }: Peer, polite: boolean): MeshPeer | undefined {
    if (!this.joined) return undefined;
    this.remove(id);
    const { signaling, emit } = this.deps;
    const peer: MeshPeer = new MeshPeer(
      { id, name },
      this.deps,
      {
        configuration: () => this.ice.configuration,
        polite,
        sendDescription: (description) => signaling.sendDescription(description, id),
        sendCandidates: (candidates) => signaling.sendCandidates(candidates, id),
        beforeIceRestart: () => this.ice.renew(),
        onError: (error) => this.report(peer, error),
      },
      {
        track: ({ track, streams }) => emit("track", { peer, track, streams }),
        channel: (channel) => emit("datachannel", { peer, channel }),
        connectionState: () => emit("connectionstatechange", { peer }),
      },
    );
    this.members.set(id, peer);
    emit("peerjoin", { peer });
    return peer;
  }

  private remove(id: string): void {
    const peer = this.members.get(id);
    if (!peer) return;
    this.members.delete(id);
    peer.close();
    this.deps.emit("peerleave", { peer });
  }

  private report(peer: MeshPeer | undefined, error: unknown): void {
    // Sent to a peer that has left, or while disconnected; not an error of the peer.
    if (isCode(error, "peer_not_found", "not_in_room", "disconnected")) return;
    if (isCode(error, "removed", "room_closed")) this.fail(error);
    else this.deps.emit("error", { peer, error });
  }

  private fail(error: unknown): void {
    this.end(error);
    this.deps.emit("error", { peer: undefined, error });
  }

  private setState(state: MeshState): void {
    if (state === this.state) return;
    this.state = state;
    this.deps.emit("statechange", { state });
  }
}
