/** Camera, microphone and screen of this machine: what we send, as it changes. */

import type { Mesh } from "../../client/index.ts";
import type { Sending } from "../messages.ts";
import { createBlankTrack, devices, pictureFor } from "./capture.ts";

/** What can be captured and chosen by its device id. */
export type Kind = "audio" | "video";

/**
 * One stream with a picture and, where there is a microphone, sound. The picture is the screen while
 * that is shared, else the camera, else a blank: so whatever changes, a track takes another's place
 * and nothing has to be negotiated. Tells of each change by an event `change`.
 */
export class LocalMedia extends EventTarget {
  readonly stream = new MediaStream();
  /** The call that all of this goes to, while there is one. */
  mesh: Mesh | undefined;
  private readonly blank = createBlankTrack();
  private readonly chosen: Record<Kind, string> = { audio: "", video: "" };
  /** How often each was asked for, or turned off; what was asked for earlier comes too late. */
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

  /** The ids of the devices in use, or to be opened next; `""` where none was chosen. */
  get deviceIds(): Record<Kind, string> {
    const { microphone, camera, chosen } = this;
    return {
      audio: microphone?.getSettings().deviceId ?? chosen.audio,
      video: camera?.getSettings().deviceId ?? chosen.video,
    };
  }

  /**
   * Asks for camera and microphone; is content with one of them.
   *
   * @throws the DOMException of getUserMedia when it gets neither
   */
  async start(): Promise<void> {
    try {
      await this.open("audio", "video");
    } catch (error) {
      // Who said no isn't asked twice more.
      if (error instanceof DOMException && error.name === "NotAllowedError") throw error;
      const one = await Promise.allSettled([this.open("audio"), this.open("video")]);
      if (one.every(({ status }) => status === "rejected")) throw error;
    }
  }

  /** Takes another device from now on, at once if one of its kind is in use. */
  async choose(kind: Kind, deviceId: string): Promise<void> {
    this.chosen[kind] = deviceId;
    if (kind === "video" && !this.camera) return;
    await this.open(kind);
  }

  /** Opens the microphone first if there was none; throws as getUserMedia does. */
  async setMuted(isMuted: boolean): Promise<void> {
    if (!isMuted && !this.microphone) await this.open("audio");
    if (this.microphone) this.microphone.enabled = !isMuted;
    this.changed();
  }

  /** Off, the camera itself is off, and its light with it. Throws as getUserMedia does. */
  async setCamera(isOn: boolean): Promise<void> {
    if (isOn) return this.open("video");
    this.turns.video++;
    this.camera?.stop();
    this.camera = undefined;
    this.changed();
  }

  /** Lets somebody choose a screen, a window or a tab, and shares it. Throws as getDisplayMedia does. */
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

  /** Takes a picture of a size that suits a call of this many. */
  fitTo(headcount: number): void {
    const picture = pictureFor(headcount);
    if (picture === this.picture) return;
    this.picture = picture;
    // A camera that can't do it stays with what it does.
    this.camera?.applyConstraints(picture).catch(() => {});
  }

  /** Opens devices, unless by the time they are there something newer is wanted of their kind. */
  private async open(...kinds: Kind[]): Promise<void> {
    const turns = kinds.map((kind) => ({ kind, turn: ++this.turns[kind] }));
    const wanted = () =>
      turns.filter(({ kind, turn }) => turn === this.turns[kind]).map(({ kind }) => kind);
    // Some phones have one camera at a time.
    if (kinds.includes("video")) this.camera?.stop();
    try {
      this.take(await devices().getUserMedia(this.constraintsOf(kinds)), wanted());
    } catch (error) {
      // A track that we stopped ourselves doesn't tell that it has ended.
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

  /** Takes over what was captured of the kinds that are wanted still. */
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

  /** A device that was unplugged, or a permission that was taken back. */
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

  /** Sends this track in place of the one of its kind, if there is one. */
  private send(track: MediaStreamTrack): void {
    const { stream, mesh } = this;
    const before = stream.getTracks().find(({ kind }) => kind === track.kind);
    if (before === track) return;
    if (before) stream.removeTrack(before);
    stream.addTrack(track);
    // It fails with a peer who is just leaving, and with nobody else.
    if (before) mesh?.replaceTrack(before, track).catch(() => {});
    else mesh?.addTrack(track, stream);
  }
}
