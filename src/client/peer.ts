/** Another peer in a call: the link to it, what we send it, and the data channels with it. */

import type { Candidate, Description, Peer } from "../protocol/messages.ts";
import { Link, type LinkOptions } from "./link.ts";

/** Local tracks, each with the streams it belongs to. */
export type LocalTracks = ReadonlyMap<MediaStreamTrack, readonly MediaStream[]>;

/** What a peer tells while the link to it lasts. */
export interface PeerListener {
  track: (event: RTCTrackEvent) => void;
  /** The channel is open. */
  channel: (channel: RTCDataChannel) => void;
  connectionState: () => void;
}

/** Another peer in a call. */
export class MeshPeer implements Peer {
  readonly id: string;
  readonly name: string;
  /** Data channels that are open, by label. */
  readonly channels: ReadonlyMap<string, RTCDataChannel>;
  private readonly open = new Map<string, RTCDataChannel>();
  private readonly listener: PeerListener;
  private readonly link: Link;
  private readonly closing = new AbortController();
  /** Without media of ours until we call it or it calls us, so that only the newcomer offers. */
  private engaged = false;

  constructor({ id, name }: Peer, options: LinkOptions, listener: PeerListener) {
    this.id = id;
    this.name = name;
    this.channels = this.open;
    this.listener = listener;
    this.link = new Link(options);
    const { signal } = this.closing;
    this.connection.addEventListener("track", listener.track, { signal });
    this.connection.addEventListener("datachannel", ({ channel }) => this.adopt(channel), {
      signal,
    });
    this.connection.addEventListener("connectionstatechange", listener.connectionState, { signal });
  }

  /** For statistics, transceivers and whatever else a mesh does not serve. */
  get connection(): RTCPeerConnection {
    return this.link.connection;
  }

  /** Offers our tracks and channels to it. */
  call(tracks: LocalTracks, channels: Readonly<Record<string, RTCDataChannelInit>>): void {
    this.engage(tracks);
    for (const [label, init] of Object.entries(channels)) {
      this.adopt(this.connection.createDataChannel(label, init));
    }
    // With nothing to send there would be nothing to negotiate, and no offer.
    if (tracks.size === 0 && Object.keys(channels).length === 0) {
      for (const kind of ["audio", "video"]) {
        this.connection.addTransceiver(kind, { direction: "recvonly" });
      }
    }
  }

  /** Takes an offer or an answer; the first offer of a newcomer is answered with our tracks. */
  receiveDescription(description: Description, tracks: LocalTracks): void {
    if (description.type === "offer") this.engage(tracks);
    this.link.receiveDescription(description);
  }

  receiveCandidate(candidate: Candidate | null): void {
    this.link.receiveCandidate(candidate);
  }

  addTrack(track: MediaStreamTrack, streams: readonly MediaStream[]): void {
    if (this.engaged) this.connection.addTrack(track, ...streams);
  }

  removeTrack(track: MediaStreamTrack): void {
    const sender = this.senderOf(track);
    if (sender) this.connection.removeTrack(sender);
  }

  async replaceTrack(from: MediaStreamTrack, to: MediaStreamTrack): Promise<void> {
    await this.senderOf(from)?.replaceTrack(to);
  }

  restartIce(): void {
    this.link.restartIce();
  }

  close(): void {
    this.closing.abort();
    for (const channel of this.open.values()) channel.close();
    this.open.clear();
    this.link.close();
  }

  private engage(tracks: LocalTracks): void {
    if (this.engaged) return;
    this.engaged = true;
    for (const [track, streams] of tracks) this.addTrack(track, streams);
  }

  private adopt(channel: RTCDataChannel): void {
    const { signal } = this.closing;
    const opened = () => {
      this.open.set(channel.label, channel);
      this.listener.channel(channel);
    };
    const closed = () => {
      // Another of this label may have taken its place.
      if (this.open.get(channel.label) === channel) this.open.delete(channel.label);
    };
    channel.addEventListener("close", closed, { signal });
    // One that the peer has opened may be open already.
    if (channel.readyState === "open") opened();
    else channel.addEventListener("open", opened, { signal, once: true });
  }

  private senderOf(track: MediaStreamTrack): RTCRtpSender | undefined {
    return this.connection.getSenders().find((sender) => sender.track === track);
  }
}
