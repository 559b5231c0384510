/** A full-mesh call: an RTCPeerConnection to each other peer in a room. */

import type { Metadata, Peer } from "../protocol/messages.ts";
import { SignalingError } from "./errors.ts";
import { TypedEventTarget } from "./events.ts";
import type { MeshEvents, MeshOptions, MeshState } from "./mesh-types.ts";
import { Outbox } from "./outbox.ts";
import { ANSWERS, CONNECTIONS, PacedQueue } from "./paced-queue.ts";
import type { MeshPeer } from "./peer.ts";
import { Session } from "./session.ts";
import type { SignalingClient } from "./signaling.ts";
import type { JoinOptions } from "./signaling-types.ts";

/**
 * Calls everyone in a room, and accepts the calls of those who join later. Media may change at any time.
 * Calls outlive a lost or restarted server, a change of network, and a failed connection.
 */
export class Mesh extends TypedEventTarget<MeshEvents> {
  private readonly signaling: SignalingClient;
  private readonly options: MeshOptions;
  private readonly tracks = new Map<MediaStreamTrack, readonly MediaStream[]>();
  /** These outlive a session: who joins again may do no more at once. */
  private readonly paces = {
    connections: new PacedQueue(CONNECTIONS),
    answers: new PacedQueue(ANSWERS),
    outbox: new Outbox(),
  };
  private session: Session | undefined;

  constructor(signaling: SignalingClient, options: MeshOptions = {}) {
    super();
    this.signaling = signaling;
    this.options = options;
    for (const stream of options.streams ?? []) {
      for (const track of stream.getTracks()) this.tracks.set(track, [stream]);
    }
  }

  get state(): MeshState {
    return this.session?.state ?? "idle";
  }

  /** Our id and name in the room, as set by the server: a token's name takes precedence. Undefined while idle. */
  get self(): Peer | undefined {
    return this.session?.self;
  }

  /** The others in the call, longest-standing first. */
  get peers(): MeshPeer[] {
    return this.session?.peers ?? [];
  }

  /**
   * Joins a room and calls everyone in it; leaves the room before. Resolves when the server has accepted
   * the join; the calls are set up afterwards.
   *
   * @throws SignalingError with the server's code, or the signal's reason when it is aborted first
   */
  async join(room: string, { signal, ...details }: JoinOptions = {}): Promise<void> {
    const { signaling, options, tracks, paces } = this;
    const before = this.session;
    // Set before anything is awaited, so that a leave or another join in the meantime ends this one.
    const session = new Session(
      {
        signaling,
        configuration: options.configuration,
        tracks,
        channels: options.channels ?? {},
        ...paces,
        reporter: options.callReports === false ? undefined : signaling,
        emit: (type, members) => this.emit(type, members),
      },
      room,
      details,
    );
    this.session = session;
    before?.leave();
    await session.start(signal);
  }

  /** Leaves the room and closes every connection; aborts a join in progress. You may join again. */
  async leave(): Promise<void> {
    await this.session?.leave();
  }

  /**
   * Replaces what the others are told about us (`peer.metadata`). Waits for a connection to the server.
   *
   * @throws SignalingError `not_in_room`, `too_large`
   */
  async setMetadata(metadata: Metadata): Promise<void> {
    if (!this.session?.self) throw new SignalingError("not_in_room", "join a room first");
    await this.session.setMetadata(metadata);
  }

  /** Sends one more track to everyone, including those who join later. */
  addTrack(track: MediaStreamTrack, ...streams: MediaStream[]): void {
    this.tracks.set(track, streams);
    for (const peer of this.peers) peer.addTrack(track, streams);
  }

  /** Stops sending a track. */
  removeTrack(track: MediaStreamTrack): void {
    this.tracks.delete(track);
    for (const peer of this.peers) peer.removeTrack(track);
  }

  /** Sends `to` instead of `from`, which must be of the same kind, without negotiation. */
  async replaceTrack(from: MediaStreamTrack, to: MediaStreamTrack): Promise<void> {
    const streams = this.tracks.get(from) ?? [];
    this.tracks.delete(from);
    this.tracks.set(to, streams);
    await Promise.all(this.peers.map((peer) => peer.replaceTrack(from, to)));
  }

  /** Sends over all open channels of this label. Returns the number of peers; a failure is an `error` event. */
  send(label: string, data: string): number {
    let sent = 0;
    for (const peer of this.peers) {
      const channel = peer.channels.get(label);
      // It may be closing, before its event.
      if (channel?.readyState !== "open") continue;
      try {
        channel.send(data);
        sent++;
      } catch (error) {
        this.emit("error", { peer, error });
      }
    }
    return sent;
  }
}
