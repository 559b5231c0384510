/** A call of everyone with everyone: an RTCPeerConnection to each other peer in a room. */

import type { Peer } from "../protocol/messages.ts";
import { TypedEventTarget } from "./events.ts";
import type { MeshEvents, MeshOptions, MeshState } from "./mesh-types.ts";
import { Outbox } from "./outbox.ts";
import { ANSWERS, CONNECTIONS, PacedQueue } from "./paced-queue.ts";
import type { MeshPeer } from "./peer.ts";
import { Session } from "./session.ts";
import type { SignalingClient } from "./signaling.ts";

/** Under which name to join, and how to give it up. */
export interface JoinOptions {
  name?: string;
  /** Gives the join up while it is under way. */
  signal?: AbortSignal;
}

/**
 * Calls everyone in a room and is called by whoever comes after. Media may change at any time; a lost
 * server, another network and a failed connection are recovered from.
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

  /** Ourselves as the server has us since the newest join: a token's name wins. Undefined while idle. */
  get self(): Peer | undefined {
    return this.session?.self;
  }

  /** The others in the call, longest-standing first. */
  get peers(): MeshPeer[] {
    return this.session?.peers ?? [];
  }

  /**
   * Joins a room and calls everyone in it; leaves the one before. Resolves when the server has let us
   * in; the calls follow.
   *
   * @throws SignalingError with the server's code, or the signal's reason when it is aborted first
   */
  async join(room: string, { name, signal }: JoinOptions = {}): Promise<void> {
    const { signaling, options, tracks, paces } = this;
    const before = this.session;
    // In its place before anything is waited for: a leave or a join that comes meanwhile ends this one.
    const session = new Session(
      {
        signaling,
        configuration: options.configuration,
        tracks,
        channels: options.channels ?? {},
        ...paces,
        emit: (type, members) => this.emit(type, members),
      },
      room,
      name,
    );
    this.session = session;
    before?.leave();
    await session.start(signal);
  }

  /** Leaves the room and closes every connection; ends a join under way. May join again. */
  async leave(): Promise<void> {
    await this.session?.leave();
  }

  /** Sends one more track to everyone, those who come later included. */
  addTrack(track: MediaStreamTrack, ...streams: MediaStream[]): void {
    this.tracks.set(track, streams);
    for (const peer of this.peers) peer.addTrack(track, streams);
  }

  /** Sends a track no longer. */
  removeTrack(track: MediaStreamTrack): void {
    this.tracks.delete(track);
    for (const peer of this.peers) peer.removeTrack(track);
  }

  /** Sends `to` in place of `from`, of the same kind, without negotiation: a screen for a camera. */
  async replaceTrack(from: MediaStreamTrack, to: MediaStreamTrack): Promise<void> {
    const streams = this.tracks.get(from) ?? [];
    this.tracks.delete(from);
    this.tracks.set(to, streams);
    await Promise.all(this.peers.map((peer) => peer.replaceTrack(from, to)));
  }

  /** Sends over the open channels of this label; tells to how many peers. One that fails is an `error`. */
  send(label: string, data: string): number {
    let sent = 0;
    for (const peer of this.peers) {
      const channel = peer.channels.get(label);
      // It may be closing, and its event still to come.
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
