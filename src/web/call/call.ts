/** A call on the page, from joining to leaving: connects the mesh with what is shown. */

import { Mesh, type MeshPeer, type SignalingClient } from "../../client/index.ts";
import { find, isolated } from "../dom.ts";
import type { LocalMedia } from "../media/media.ts";
import { CHANNEL, type PageMessage } from "../messages.ts";
import type { Say } from "../toast.ts";
import { Chat } from "./chat.ts";
import { offerLink } from "./copy-link.ts";
import { Inbox } from "./inbox.ts";
import { Stage } from "./stage.ts";
import { type Facts, watchConnections } from "./stats.ts";
import { displayName } from "./tile.ts";

/** Options of a call. */
export interface CallOptions {
  root: HTMLElement;
  signaling: SignalingClient;
  media: LocalMedia;
  say: Say;
  room: string;
  name: string;
  /** Called when the call has ended; with an error if the user didn't end it. */
  onEnd: (error?: unknown) => void;
}

/** One call. When it has ended, it has no listeners, timers and connections left. */
export class Call {
  private readonly options: CallOptions;
  private readonly mesh: Mesh;
  private readonly stage: Stage;
  private readonly chat: Chat;
  private readonly inbox: Inbox;
  private readonly ending = new AbortController();

  constructor(options: CallOptions) {
    this.options = options;
    const { root, signaling, media, say, room, name } = options;
    const { signal } = this.ending;
    this.mesh = new Mesh(signaling, { streams: [media.stream], channels: { [CHANNEL]: {} } });
    this.stage = new Stage(root, name, room, signal);
    offerLink(root, room, say, signal);
    this.chat = new Chat(root, (text) => this.write(text), signal);
    this.inbox = new Inbox(
      {
        message: (peer, message) => this.hear(peer, message),
        flood: (peer) => this.showFlood(peer),
      },
      signal,
    );
    media.mesh = this.mesh;
    this.stage.self.showStream(media.stream);
    this.tellSending();
    find(HTMLElement, "h1", root).textContent = room;

    media.addEventListener("change", () => this.tellSending(), { signal });
    find(HTMLElement, "[data-control=leave]", root).addEventListener("click", () => this.end(), {
      signal,
    });
    this.follow();
  }

  /** Joins the room. If that fails, the call has ended. */
  async join(giveUp: AbortSignal): Promise<void> {
    const { room, name } = this.options;
    try {
      await this.mesh.join(room, { name, signal: giveUp });
    } catch (error) {
      this.close();
      throw error;
    }
    this.showHeadcount();
    const showFacts = (peer: MeshPeer, facts: Facts) => this.stage.tile(peer.id)?.showFacts(facts);
    watchConnections(this.mesh, showFacts, this.ending.signal);
  }

  /** Shows the events of the mesh. */
  private follow(): void {
    const { mesh, stage } = this;
    const until = { signal: this.ending.signal };
    // A token's name takes precedence over the one from the lobby.
    this.options.signaling.addEventListener(
      "join",
      ({ self }) => stage.self.showName(self.name),
      until,
    );
    mesh.addEventListener("peerjoin", ({ peer }) => this.welcome(peer), until);
    mesh.addEventListener("peerleave", ({ peer }) => this.dismiss(peer), until);
    const showAway = ({ peer }: { peer: MeshPeer }) => stage.tile(peer.id)?.showAway(peer.away);
    mesh.addEventListener("peeraway", showAway, until);
    mesh.addEventListener("peerback", showAway, until);
    mesh.addEventListener(
      "track",
      ({ peer, track }) => stage.tile(peer.id)?.showTrack(track),
      until,
    );
    mesh.addEventListener("datachannel", ({ peer, channel }) => this.listen(peer, channel), until);
    mesh.addEventListener(
      "connectionstatechange",
      ({ peer }) => stage.tile(peer.id)?.showConnection(stateOf(peer)),
      until,
    );
    mesh.addEventListener("statechange", () => this.showState(), until);
    mesh.addEventListener("error", ({ error }) => mesh.state === "idle" && this.end(error), until);
  }

  private welcome(peer: MeshPeer): void {
    const tile = this.stage.add(peer.id, peer.name);
    tile.showConnection(stateOf(peer));
    // Not for peers that were there before we joined or rejoined.
    if (this.mesh.state === "joined") this.say(peer, " has joined.");
    this.showHeadcount();
  }

  private dismiss(peer: MeshPeer): void {
    this.stage.remove(peer.id);
    if (this.mesh.state === "joined") this.say(peer, " has left.");
    this.showHeadcount();
  }

  private listen(peer: MeshPeer, channel: RTCDataChannel): void {
    if (!this.inbox.take(peer, channel)) return;
    send(channel, { type: "state", ...this.options.media.sending });
  }

  private hear(peer: MeshPeer, message: PageMessage): void {
    if (message.type === "state") {
      this.stage.tile(peer.id)?.showSending(message);
      this.stage.arrange();
    } else {
      this.chat.show(displayName(peer.name), message.text);
      if (!this.chat.isOpen) this.say(peer, ": ", isolated(message.text));
    }
  }

  private showFlood(peer: MeshPeer): void {
    this.stage.tile(peer.id)?.showFlood();
    this.say(peer, " sent too many messages. No more are read.");
  }

  /** Shows a notification that begins with a peer's name. */
  private say(peer: MeshPeer, ...parts: (string | Node)[]): void {
    this.options.say(isolated(displayName(peer.name)), ...parts);
  }

  private write(text: string): void {
    const reached = this.tell({ type: "chat", text });
    this.chat.showOwn(text, reached, this.mesh.peers.length);
  }

  private tellSending(): void {
    const { sending } = this.options.media;
    this.stage.self.showSending(sending);
    this.tell({ type: "state", ...sending });
  }

  /** Tells everyone whose channel is open; to how many it went. */
  private tell(message: PageMessage): number {
    return this.mesh.send(CHANNEL, JSON.stringify(message));
  }

  private showState(): void {
    const isAway = this.mesh.state === "reconnecting";
    this.options.root.classList.toggle("away", isAway);
    find(HTMLElement, ".banner", this.options.root).textContent = isAway
      ? "The server is out of reach, coming back… The call goes on."
      : "";
  }

  private showHeadcount(): void {
    const count = this.stage.headcount;
    this.options.media.fitTo(count);
    find(HTMLElement, ".headcount", this.options.root).textContent =
      count === 1 ? "Only you" : `${count} people`;
  }

  private end(error?: unknown): void {
    const { media, onEnd } = this.options;
    this.close();
    void this.mesh.leave();
    if (media.sending.screen) media.stopSharing();
    onEnd(error);
  }

  private close(): void {
    this.options.media.mesh = undefined;
    this.ending.abort();
  }
}

function send(channel: RTCDataChannel, message: PageMessage): void {
  // The peer may have closed it.
  if (channel.readyState === "open") channel.send(JSON.stringify(message));
}

/** The state of the connection; "new" until there is one. */
const stateOf = ({ connection }: MeshPeer) => connection?.connectionState ?? "new";
