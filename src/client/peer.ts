/** Another peer in a call: the link, the tracks we send, and the data channels. */

import type { Candidate, Description, Metadata, Peer } from "../protocol/messages.ts";
import { EarlyCandidates } from "./early-candidates.ts";
import { Link, type LinkOptions } from "./link.ts";
import type { LinkDeps } from "./own-description.ts";
import type { PacedQueue } from "./paced-queue.ts";
import { pause } from "./pause.ts";

/** Local tracks, each with the streams it belongs to. */
type LocalTracks = ReadonlyMap<MediaStreamTrack, readonly MediaStream[]>;

/** What every peer gets once there is a connection, and who builds it. */
export interface PeerDeps extends LinkDeps {
  /** As they are when the connection is built. */
  tracks: LocalTracks;
  channels: Readonly<Record<string, RTCDataChannelInit>>;
  connections: PacedQueue;
}

/** Callbacks of a peer. */
export interface PeerListener {
  track: (event: RTCTrackEvent) => void;
  /** The channel is open. */
  channel: (channel: RTCDataChannel) => void;
  connectionState: () => void;
}

/** For how long a peer that may call us is waited for. */
const PATIENCE_MS = 2_000;

/** Another peer in a call. */
export class MeshPeer {
  readonly id: string;
  readonly name: string;
  /** The subject of its token, if the server shares it. */
  readonly subject: string | undefined;
  /** What it says about itself, if we joined with `metadata`. */
  metadata: Metadata | undefined;
  /** Its connection to the server is lost. The call goes on, and it may come back. */
  away = false;
  /** Open data channels, by label. */
  readonly channels: ReadonlyMap<string, RTCDataChannel>;
  private readonly open = new Map<string, RTCDataChannel>();
  private readonly deps: PeerDeps;
  private readonly options: Omit<LinkOptions, "polite">;
  private readonly listener: PeerListener;
  private readonly closing = new AbortController();
  private readonly early = new EarlyCandidates();
  private link: Link | undefined;
  private isRequested = false;
  private isCalled = false;
  /** The latest offer that arrived before the connection was built. */
  private offer: Description | undefined;

  constructor(
    { id, name, subject, metadata }: Peer,
    deps: PeerDeps,
    options: Omit<LinkOptions, "polite">,
    listener: PeerListener,
  ) {
    this.id = id;
    this.name = name;
    this.subject = subject;
    this.metadata = metadata;
    this.channels = this.open;
    this.deps = deps;
    this.options = options;
    this.listener = listener;
  }

  /** The connection itself. Undefined until the first offer, ours or theirs: 20 are built at once, then 2 per second. */
  get connection(): RTCPeerConnection | undefined {
    return this.link?.connection;
  }

  /** Sends it an offer with our tracks and channels, unless it was first. */
  call(): void {
    if (this.isRequested) return;
    this.isCalled = true;
    this.request();
  }

  /** Calls it if it doesn't call us: which of us came later isn't known. */
  async callLater(): Promise<void> {
    await pause(PATIENCE_MS, this.closing.signal).catch(() => {});
    this.call();
  }

  /** Handles an offer or an answer. The connection is built for the first offer. */
  receiveDescription(description: Description): void {
    if (this.link) {
      this.link.receiveDescription(description);
    } else if (description.type === "offer") {
      this.offer = description;
      this.request();
    }
  }

  receiveCandidate(candidate: Candidate | null): void {
    if (this.link) this.link.receiveCandidate(candidate);
    else this.early.keep(candidate);
  }

  addTrack(track: MediaStreamTrack, streams: readonly MediaStream[]): void {
    this.connection?.addTrack(track, ...streams);
  }

  removeTrack(track: MediaStreamTrack): void {
    const sender = this.senderOf(track);
    if (sender) this.connection?.removeTrack(sender);
  }

  async replaceTrack(from: MediaStreamTrack, to: MediaStreamTrack): Promise<void> {
    await this.senderOf(from)?.replaceTrack(to);
  }

  restartIce(): void {
    this.link?.restartIce();
  }

  /** What was under way to or from it may be lost. */
  repair(): void {
    this.link?.repair();
  }

  close(): void {
    this.closing.abort();
    for (const channel of this.open.values()) channel.close();
    this.open.clear();
    this.link?.close();
  }

  private request(): void {
    if (this.isRequested) return;
    this.isRequested = true;
    const { onError } = this.options;
    const { signal } = this.closing;
    this.deps.connections.request({ run: () => this.build(), onError, signal });
  }

  /** Throws what RTCPeerConnection's constructor throws; it can then be called again. */
  private build(): void {
    const { options, listener } = this;
    const { signal } = this.closing;
    // Who calls gives way if both offer at once. It must not be the other: a Chromium that has answered an offer and
    // later rolls back one of its own shows a frozen picture, though tracks are live and frames are decoded.
    const link = new Link({ ...options, polite: this.isCalled }, this.early, this.deps);
    this.link = link;
    link.connection.addEventListener("track", listener.track, { signal });
    link.connection.addEventListener("datachannel", ({ channel }) => this.adopt(channel), {
      signal,
    });
    link.connection.addEventListener("connectionstatechange", listener.connectionState, { signal });
    try {
      this.prepare(link.connection);
    } catch (error) {
      options.onError(error);
    }
    if (this.offer) link.receiveDescription(this.offer);
  }

  /** Adds our tracks; if we call, also the channels. */
  private prepare(connection: RTCPeerConnection): void {
    const { tracks } = this.deps;
    for (const [track, streams] of tracks) this.addTrack(track, streams);
    if (!this.isCalled) return;
    const channels = Object.entries(this.deps.channels);
    for (const [label, init] of channels) this.adopt(connection.createDataChannel(label, init));
    // Without tracks and channels there would be no offer.
    if (tracks.size === 0 && channels.length === 0) {
      for (const kind of ["audio", "video"]) {
        connection.addTransceiver(kind, { direction: "recvonly" });
      }
    }
  }

  private adopt(channel: RTCDataChannel): void {
    const { signal } = this.closing;
    const opened = () => {
      this.open.set(channel.label, channel);
      this.listener.channel(channel);
    };
    const closed = () => {
      // Another channel of this label may have replaced it.
      if (this.open.get(channel.label) === channel) this.open.delete(channel.label);
    };
    channel.addEventListener("close", closed, { signal });
    // A channel that the peer has created may be open already.
    if (channel.readyState === "open") opened();
    else channel.addEventListener("open", opened, { signal, once: true });
  }

  private senderOf(track: MediaStreamTrack): RTCRtpSender | undefined {
    return this.connection?.getSenders().find((sender) => sender.track === track);
  }
}
