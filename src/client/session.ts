/** One stay in a room, from join to leave: the other peers, and the calls with them. */

import type { Joined, Metadata, Peer } from "../protocol/messages.ts";
import { isCode, SignalingError } from "./errors.ts";
import { IceSettings } from "./ice.ts";
import { Members } from "./members.ts";
import type { MeshState, SessionDeps } from "./mesh-types.ts";
import { onNetworkChange } from "./network.ts";
import { MeshPeer } from "./peer.ts";
import { joinAgain } from "./rejoin.ts";
import { NOTICE_MS } from "./resumption.ts";
import type { JoinOptions } from "./signaling-types.ts";

/** For how long a seat of ours may be taken that had no ticket, beside what the server takes to notice. */
const MARGIN_MS = 10_000;

/** One stay in a room. When it has ended, it has no listeners and connections left. */
export class Session {
  private readonly deps: SessionDeps;
  private readonly room: string;
  private readonly options: JoinOptions;
  private readonly members: Members;
  private readonly ending = new AbortController();
  private readonly ice: IceSettings;
  /** Aborted when the connection to the server is lost again. */
  private connection: AbortController | undefined;
  private joined: Joined | undefined;
  state: MeshState = "idle";

  /** @param options as they are when the room is joined again */
  constructor(deps: SessionDeps, room: string, options: JoinOptions) {
    this.deps = deps;
    this.room = room;
    this.options = options;
    this.members = new Members(deps.emit, (peer) => this.create(peer));
    const reconfigure = (configuration: RTCConfiguration) => {
      for (const { connection } of this.peers) connection?.setConfiguration(configuration);
    };
    this.ice = new IceSettings(deps.signaling, deps.configuration, reconfigure, this.ending.signal);
  }

  get self(): Peer | undefined {
    return this.joined?.self;
  }

  get peers(): MeshPeer[] {
    return this.members.all;
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
    this.members.end();
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

  /** Replaces what the others are told about us. */
  async setMetadata(metadata: Metadata): Promise<void> {
    await this.deps.signaling.setMetadata(metadata);
    this.options.metadata = metadata;
  }

  private async join(signal?: AbortSignal): Promise<void> {
    await this.deps.signaling.join(this.room, {
      ...this.options,
      signal: AbortSignal.any([this.ending.signal, ...(signal ? [signal] : [])]),
    });
  }

  /** Listens to the server and the network until the session ends. */
  private follow(): void {
    const { signaling } = this.deps;
    const until = { signal: this.ending.signal };
    signaling.addEventListener("join", (joined) => this.enter(joined), until);
    signaling.addEventListener("resume", (resumed) => this.stay(resumed), until);
    this.members.listen(signaling);
    signaling.addEventListener("error", ({ error }) => this.report(undefined, error), until);
    signaling.addEventListener("connect", () => this.joinAnew(), until);
    signaling.addEventListener(
      "refuse",
      // The first join rejects by itself.
      ({ error }) => this.state === "reconnecting" && this.fail(error),
      until,
    );
    signaling.addEventListener("disconnect", (event) => this.lose(event.willReconnect), until);
    onNetworkChange(() => {
      for (const peer of this.peers) peer.restartIce();
    }, this.ending.signal);
  }

  private lose(willReconnect: boolean): void {
    this.connection?.abort();
    if (willReconnect) this.setState("reconnecting");
    else this.fail(new SignalingError("disconnected", "the server ended the connection"));
  }

  /** In the room, for the first time or again: calls everyone who is there. */
  private enter(joined: Joined): void {
    const graceMs = (this.state === "reconnecting" && this.joined?.resume?.graceMs) || 0;
    this.members.startOver(joined.users, graceMs);
    // An application may leave at any event.
    if (this.ending.signal.aborted) return;
    this.joined = joined;
    this.ice.take(joined);
    for (const user of joined.users) this.members.add(user)?.call();
    if (this.joined) this.setState("joined");
    this.ice.renew();
  }

  /** In the room as before, with the same id. */
  private stay({ gap, ...resumed }: Joined & { gap: boolean }): void {
    if (!this.joined) return;
    this.joined = resumed;
    this.ice.take(resumed);
    if (gap) this.members.catchUp(resumed.users, resumed.resume?.graceMs ?? 0);
    else this.members.update(resumed.users);
    if (this.joined) this.setState("joined");
  }

  /** Connected again, with a new id and in no room. */
  private async joinAnew(): Promise<void> {
    if (this.state !== "reconnecting") return;
    this.connection = new AbortController();
    const signal = AbortSignal.any([this.ending.signal, this.connection.signal]);
    try {
      const patienceMs = NOTICE_MS + (this.joined?.resume?.graceMs ?? MARGIN_MS);
      await joinAgain(() => this.join(signal), patienceMs, signal);
    } catch (error) {
      // The connection is lost again: the next "connect" retries.
      if (!signal.aborted && !isCode(error, "disconnected")) this.fail(error);
    }
  }

  private create(info: Peer): MeshPeer | undefined {
    if (!this.joined) return undefined;
    const { signaling, emit } = this.deps;
    const peer: MeshPeer = new MeshPeer(
      info,
      this.deps,
      {
        to: info.id,
        configuration: () => this.ice.configuration,
        sendDescription: (description) => signaling.sendDescription(description, info.id),
        sendCandidates: (candidates) => signaling.sendCandidates(candidates, info.id),
        beforeIceRestart: () => this.ice.renew(),
        onError: (error) => this.report(peer, error),
      },
      {
        track: ({ track, streams }) => emit("track", { peer, track, streams }),
        channel: (channel) => emit("datachannel", { peer, channel }),
        connectionState: () => {
          emit("connectionstatechange", { peer });
          this.members.onConnectionState(peer);
        },
      },
    );
    return peer;
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
