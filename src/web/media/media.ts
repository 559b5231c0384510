/** Camera, microphone and screen: the local media that is sent. */

import type { Mesh } from "../../client/index.ts";
import type { Sending } from "../messages.ts";
import { createBlankTrack, devices, pictureFor } from "./capture.ts";

/** The kinds of devices. */
export type Kind = "audio" | "video";

/**
 * One stream with a video track and, if there is a microphone, an audio track. The video is the shared
 * screen, else the camera, else a black picture: so tracks are only replaced, without negotiation. Emits
 * `change` for each change.
 */
export class LocalMedia extends EventTarget {
  readonly stream = new MediaStream();
  /** The call that the stream is sent to, if there is one. */
  mesh: Mesh | undefined;
  private readonly blank = createBlankTrack();
  private readonly chosen: Record<Kind, string> = { audio: "", video: "" };
  /** Counts requests to open or turn off each kind; a result is used only if it is of the latest request. */
  private readonly turns: Record<Kind, number> = { audio: 0, video: 0 };
  private picture = pictureFor(1);
  private microphone: MediaStreamTrack | undefined;
  private camera: MediaStreamTrack | undefined;
  private screen: MediaStreamTrack | undefined;

  constructor() {
    super();
    this.stream.addTrack(this.blank);
  }

  get sending(): Sending {
    return {
      muted: !this.microphone?.enabled,
      camera: this.camera !== undefined,
      screen: this.screen !== undefined,
    };
  }

  /** The ids of the devices in use, or else chosen; `""` if none was chosen. */
  get deviceIds(): Record<Kind, string> {
    const { microphone, camera, chosen } = this;
    return {
      audio: microphone?.getSettings().deviceId ?? chosen.audio,
      video: camera?.getSettings().deviceId ?? chosen.video,
    };
  }

  /**
   * Opens camera and microphone, or one of them if the other fails.
   *
   * @throws the DOMException of getUserMedia when it gets neither
   */
  async start(): Promise<void> {
    try {
      await this.open("audio", "video");
    } catch (error) {
      // After a denied permission, don't ask again for each.
      if (error instanceof DOMException && error.name === "NotAllowedError") throw error;
      const one = await Promise.allSettled([this.open("audio"), this.open("video")]);
      if (one.every(({ status }) => status === "rejected")) throw error;
    }
  }

  /** Chooses a device; switches to it at once if one of its kind is in use. */
  async choose(kind: Kind, deviceId: string): Promise<void> {
    this.chosen[kind] = deviceId;
    if (kind === "video" && !this.camera) return;
    await this.open(kind);
  }

  /** Mutes or unmutes. Opens the microphone if there is none; throws as getUserMedia does. */
  async setMuted(isMuted: boolean): Promise<void> {
    if (!isMuted && !this.microphone) await this.open("audio");
    if (this.microphone) this.microphone.enabled = !isMuted;
    this.changed();
  }

  /** Turns the camera on or off, with its light. Throws as getUserMedia does. */
  async setCamera(isOn: boolean): Promise<void> {
    if (isOn) return this.open("video");
    this.turns.video++;
    this.camera?.stop();
    this.camera = undefined;
    this.changed();
  }

  /** Lets the user choose a screen, a window or a tab, and shares it. Throws as getDisplayMedia does. */
  async shareScreen(): Promise<void> {
    const [screen] = (await devices().getDisplayMedia({ video: true })).getVideoTracks();
    if (!screen) return;
    this.stopSharing();
    screen.contentHint = "detail";
    screen.addEventListener("ended", () => screen === this.screen && this.stopSharing());
    this.screen = screen;
    this.changed();
  }

  stopSharing(): void {
    this.screen?.stop();
    this.screen = undefined;
    this.changed();
  }

  /** Adapts the size of the picture to the number of people in the call. */
  fitTo(headcount: number): void {
    const picture = pictureFor(headcount);
    if (picture === this.picture) return;
    this.picture = picture;
    // A camera that doesn't support it keeps its size.
    this.camera?.applyConstraints(picture).catch(() => {});
  }

  /** Opens devices. Results are dropped for kinds with a newer request. */
  private async open(...kinds: Kind[]): Promise<void> {
    const turns = kinds.map((kind) => ({ kind, turn: ++this.turns[kind] }));
    const wanted = () =>
      turns.filter(({ kind, turn }) => turn === this.turns[kind]).map(({ kind }) => kind);
    // Some phones can open only one camera at a time.
    if (kinds.includes("video")) this.camera?.stop();
    try {
      this.take(await devices().getUserMedia(this.constraintsOf(kinds)), wanted());
    } catch (error) {
      // A track that we stopped ourselves emits no "ended".
      if (this.camera?.readyState === "ended" && wanted().includes("video")) this.drop(this.camera);
      if (wanted().length > 0) throw error;
    }
  }

  private constraintsOf(kinds: Kind[]): MediaStreamConstraints {
    const device = (kind: Kind) =>
      this.chosen[kind] === "" ? {} : { deviceId: { exact: this.chosen[kind] } };
    return {
      ...(kinds.includes("audio") && { audio: device("audio") }),
      ...(kinds.includes("video") && { video: { ...this.picture, ...device("video") } }),
    };
  }

  /** Uses the captured tracks of the wanted kinds, and stops the others. */
  private take(captured: MediaStream, wanted: Kind[]): void {
    for (const track of captured.getTracks()) {
      const kind = track.kind === "audio" ? "audio" : "video";
      if (!wanted.includes(kind)) {
        track.stop();
        continue;
      }
      track.addEventListener("ended", () => this.drop(track));
      if (kind === "audio") {
        track.enabled = this.microphone?.enabled ?? true;
        this.microphone?.stop();
        this.microphone = track;
      } else {
        this.camera?.stop();
        this.camera = track;
      }
    }
    if (wanted.length > 0) this.changed();
  }

  /** Handles a track that has ended: a device was unplugged, or a permission was revoked. */
  private drop(track: MediaStreamTrack): void {
    if (track === this.microphone) this.microphone = undefined;
    if (track === this.camera) this.camera = undefined;
    this.changed();
  }

  private changed(): void {
    if (this.microphone) this.send(this.microphone);
    this.send(this.screen ?? this.camera ?? this.blank);
    this.dispatchEvent(new Event("change"));
  }

  /** Sends a track; replaces the one of its kind, if there is one. */
  private send(track: MediaStreamTrack): void {
    const { stream, mesh } = this;
    const before = stream.getTracks().find(({ kind }) => kind === track.kind);
    if (before === track) return;
    if (before) stream.removeTrack(before);
    stream.addTrack(track);
    // It fails only for a peer that is just leaving.
    if (before) mesh?.replaceTrack(before, track).catch(() => {});
    else mesh?.addTrack(track, stream);
  }
}
