/** Receives the messages of the page's data channel, with a rate limit for each peer. */

import type { MeshPeer } from "../../client/index.ts";
import { CHANNEL, type PageMessage, parseMessage } from "../messages.ts";

/** Far more than a person sends. */
const MAX_AT_ONCE = 60;
const PER_SECOND = 10;

/** Callbacks for messages, and for a peer that has sent too many. */
export interface InboxListener {
  message: (peer: MeshPeer, message: PageMessage) => void;
  flood: (peer: MeshPeer) => void;
}

/** Closes the channels of a peer that sends more than its allowance, until the peer leaves. */
export class Inbox {
  private readonly listener: InboxListener;
  private readonly signal: AbortSignal;
  private readonly senders = new WeakMap<MeshPeer, Sender>();

  /** @param signal stops receiving */
  constructor(listener: InboxListener, signal: AbortSignal) {
    this.listener = listener;
    this.signal = signal;
  }

  /** Listens to an open channel and returns true. Closes it if it isn't the page's or is over the limit. */
  take(peer: MeshPeer, channel: RTCDataChannel): boolean {
    const sender = this.senderOf(peer);
    sender.channels.add(channel);
    channel.addEventListener("close", () => sender.channels.delete(channel));
    // Opening channels counts as well.
    if (!this.allows(peer, sender) || channel.label !== CHANNEL) {
      channel.close();
      return false;
    }
    channel.addEventListener("message", ({ data }) => this.hear(peer, sender, data), {
      signal: AbortSignal.any([this.signal, sender.shutting.signal]),
    });
    return true;
  }

  private hear(peer: MeshPeer, sender: Sender, data: unknown): void {
    if (!this.allows(peer, sender)) return;
    const message = parseMessage(data);
    if (message) this.listener.message(peer, message);
  }

  /** Counts one message of this peer. The first one over the limit closes its channels. */
  private allows(peer: MeshPeer, sender: Sender): boolean {
    if (sender.shutting.signal.aborted) return false;
    if (sender.spend()) return true;
    sender.shutting.abort();
    for (const channel of sender.channels) channel.close();
    this.listener.flood(peer);
    return false;
  }

  private senderOf(peer: MeshPeer): Sender {
    const sender = this.senders.get(peer) ?? new Sender();
    this.senders.set(peer, sender);
    return sender;
  }
}

/** The state of a peer. */
class Sender {
  readonly channels = new Set<RTCDataChannel>();
  readonly shutting = new AbortController();
  private spent = 0;
  private countedAt = performance.now();

  /** Takes one from the allowance; false if none is left. */
  spend(): boolean {
    const now = performance.now();
    const regained = ((now - this.countedAt) / 1_000) * PER_SECOND;
    this.spent = Math.max(0, this.spent - regained) + 1;
    this.countedAt = now;
    return this.spent <= MAX_AT_ONCE;
  }
}
