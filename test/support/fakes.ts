/** A mesh without a browser and without a server: its connections and its signaling are made up. */

import { onTestFinished, vi } from "vitest";
import type { JoinOptions, SignalingClient, SignalingEvents } from "../../src/client/index.ts";
import type { CallReport } from "../../src/protocol/call-report.ts";
import type { Candidate, Description, Joined, Peer } from "../../src/protocol/messages.ts";

export class FakeChannel extends EventTarget {
  readonly label: string;
  readyState = "connecting";
  sent: string[] = [];

  constructor(label: string) {
    super();
    this.label = label;
  }

  open(): void {
    this.readyState = "open";
    this.dispatchEvent(new Event("open"));
  }

  send(data: string): void {
    this.sent.push(data);
  }

  /** The event comes later, as in a browser. */
  close(): void {
    this.readyState = "closing";
  }

  closed(): void {
    this.readyState = "closed";
    this.dispatchEvent(new Event("close"));
  }
}

/** An RTCPeerConnection's signaling (W3C webrtc-pc, 4.3.1 and 4.4.1.5), and a record of what is done to it. */
export class FakeConnection extends EventTarget {
  readonly configuration: RTCConfiguration;
  readonly channels: FakeChannel[] = [];
  readonly senders: { track: MediaStreamTrack | null }[] = [];
  /** Descriptions and candidates of the other side that were set, and what else happened, in order. */
  readonly log: string[] = [];
  signalingState = "stable";
  iceConnectionState = "new";
  connectionState = "new";
  localDescription: Description | null = null;
  remoteDescription: Description | null = null;
  /** What comes in the place of the local descriptions "offer 1", "answer 2" and so on. */
  sdp: string | undefined;
  stats: { id: string; [member: string]: unknown }[] = [];
  private count = 0;

  constructor(configuration: RTCConfiguration) {
    super();
    this.configuration = configuration;
  }

  async setLocalDescription(): Promise<void> {
    await undefined;
    const type = this.signalingState === "have-remote-offer" ? "answer" : "offer";
    this.signalingState = type === "offer" ? "have-local-offer" : "stable";
    this.localDescription = { type, sdp: this.sdp ?? `${type} ${++this.count}` };
    this.log.push(`local ${type}`);
  }

  async setRemoteDescription(description: Description): Promise<void> {
    await undefined;
    const { type, sdp } = description;
    if (sdp === "nonsense") throw new DOMException("nonsense", "OperationError");
    if (type !== "offer" && this.signalingState !== "have-local-offer") {
      throw new DOMException("no offer", "InvalidStateError");
    }
    if (type === "offer" && this.signalingState === "have-local-offer") this.log.push("rollback");
    this.signalingState = type === "offer" ? "have-remote-offer" : "stable";
    this.remoteDescription = description;
    this.log.push(`remote ${sdp}`);
  }

  async addIceCandidate(candidate: Candidate | null): Promise<void> {
    if (!this.remoteDescription) throw new DOMException("too early", "InvalidStateError");
    if (candidate?.candidate.includes("stray")) throw new DOMException("stray", "OperationError");
    this.log.push(`candidate ${candidate?.candidate ?? "none"}`);
  }

  createDataChannel(label: string): FakeChannel {
    if (label === "bad") throw new TypeError("bad");
    const channel = new FakeChannel(label);
    this.channels.push(channel);
    this.negotiate();
    return channel;
  }

  addTrack(track: MediaStreamTrack): void {
    this.senders.push({ track });
    this.negotiate();
  }

  removeTrack(sender: FakeConnection["senders"][number]): void {
    sender.track = null;
    this.negotiate();
  }

  addTransceiver(kind: string): void {
    this.log.push(`transceiver ${kind}`);
    this.negotiate();
  }

  getSenders(): FakeConnection["senders"] {
    return this.senders;
  }

  setConfiguration({ iceServers = [] }: RTCConfiguration): void {
    this.log.push(`servers ${iceServers.map(({ urls }) => urls)}`);
  }

  restartIce(): void {
    this.log.push("restart");
    this.negotiate();
  }

  close(): void {
    this.signalingState = "closed";
    this.log.push("close");
  }

  /** Chromium's statistics of a path that is in use; none if there is none. */
  async getStats(): Promise<Map<string, object>> {
    return new Map(this.stats.map((each) => [each.id, each]));
  }

  /** A candidate of our own was found. */
  found(candidate: Partial<RTCIceCandidate> | null): void {
    this.dispatchEvent(Object.assign(new Event("icecandidate"), { candidate }));
  }

  becomes(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.dispatchEvent(new Event("connectionstatechange"));
  }

  negotiate(): void {
    this.dispatchEvent(new Event("negotiationneeded"));
  }
}

/** Puts fakes in the place of RTCPeerConnection until the test ends; gives those that are made. */
export function fakeConnections(): { made: FakeConnection[]; refuses: boolean } {
  const state = { made: [] as FakeConnection[], refuses: false };
  vi.stubGlobal(
    "RTCPeerConnection",
    class extends FakeConnection {
      constructor(configuration: RTCConfiguration) {
        if (state.refuses) throw new DOMException("too many", "UnknownError");
        super(configuration);
        state.made.push(this);
      }
    },
  );
  onTestFinished(() => void vi.unstubAllGlobals());
  return state;
}

/** A SignalingClient that is told what the server says, and records what is said to it. */
export class FakeSignaling extends EventTarget {
  readonly log: string[] = [];
  readonly reports: [to: string, report: CallReport][] = [];
  /** Who is in the room, and what else comes with a join. */
  joined: Joined = {
    self: { id: "self", name: "" },
    users: [],
    iceServers: [],
    iceTransportPolicy: "all",
  };
  /** What sending comes to. */
  refusal: unknown;
  joining: (() => Promise<void>) | undefined;

  static asClient(fake: FakeSignaling): SignalingClient {
    return fake as unknown as SignalingClient;
  }

  tell<Type extends keyof SignalingEvents>(type: Type, members: SignalingEvents[Type]): void {
    this.dispatchEvent(Object.assign(new Event(type), members));
  }

  /** Those of the last join. */
  options: JoinOptions | undefined;

  async join(room: string, options: JoinOptions): Promise<void> {
    this.options = options;
    this.log.push(`join ${room}`);
    await this.joining?.();
    this.tell("join", this.joined);
  }

  async leave(): Promise<void> {
    this.log.push("leave");
  }

  async setMetadata(): Promise<void> {
    if (this.refusal) throw this.refusal;
  }

  async sendDescription({ sdp }: Description, to: string): Promise<void> {
    this.log.push(`${sdp} to ${to}`);
    if (this.refusal) throw this.refusal;
  }

  async sendCandidates(candidates: (Candidate | null)[], to: string): Promise<void> {
    this.log.push(`${candidates.map((each) => each?.candidate ?? "none")} to ${to}`);
    if (this.refusal) throw this.refusal;
  }

  async renewIceServers() {
    this.log.push("renew");
    return { iceServers: [{ urls: "turn:new", credential: "new" }], expiresAt: 0 };
  }

  reportCall(to: string, report: CallReport): void {
    this.reports.push([to, report]);
    this.log.push(`${report.outcome} of ${to}`);
  }

  comes(id: string): Peer {
    const peer = { id, name: id };
    this.tell("peerjoin", { peer });
    return peer;
  }

  goes(id: string): void {
    this.tell("peerleave", { id });
  }

  offers(from: string, sdp = `offer of ${from}`): void {
    this.tell("description", { description: { type: "offer", sdp }, from });
  }

  answers(from: string, sdp = `answer of ${from}`): void {
    this.tell("description", { description: { type: "answer", sdp }, from });
  }

  trickles(from: string, candidate: string): void {
    this.tell("candidate", { candidate: { candidate }, from });
  }
}

/** Resolves when what was set off has run as far as it can without time passing. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await undefined;
}
