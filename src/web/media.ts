/** Camera, microphone and screen of this machine: what we send, as it changes. */

import type { Mesh } from "../client/index.ts";
import type { Sending } from "./messages.ts";

/** A picture of this height, as wide as most cameras make it. */
const picture = (height: number) =>
  ({
    width: { ideal: (height * 16) / 9 },
    height: { ideal: height },
    frameRate: { ideal: 24, max: 30 },
  }) satisfies MediaTrackConstraints;

const LARGE = picture(540);
const SMALL = picture(360);
/** Everyone sends a copy to everyone else: in larger calls than this, the small picture. */
const LARGE_UP_TO = 3;

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
  private picture = LARGE;
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

  /** The ids of the devices in use, `""` where there is none. */
  get deviceIds(): Record<Kind, string> {
    const idOf = (track?: MediaStreamTrack) => track?.getSettings().deviceId ?? "";
    return { audio: idOf(this.microphone), video: idOf(this.camera) };
  }

  /**
   * Asks for camera and microphone; is content with one of them.
   *
   * @throws the DOMException of getUserMedia when it gets neither
   */
  async start(): Promise<void> {
    try {
      this.take(await capture({ audio: true, video: this.picture }));
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
    const picture = headcount > LARGE_UP_TO ? SMALL : LARGE;
    if (picture === this.picture) return;
    this.picture = picture;
    // A camera that can't do it stays with what it does.
    this.camera?.applyConstraints(picture).catch(() => {});
  }

  private async open(kind: Kind): Promise<void> {
    const device = { ...(this.chosen[kind] && { deviceId: { exact: this.chosen[kind] } }) };
    // Some phones have one camera at a time.
    if (kind === "video") this.camera?.stop();
    this.take(
      await capture(
        kind === "audio" ? { audio: device } : { video: { ...this.picture, ...device } },
      ),
    );
  }

  /** Takes over what was captured. */
  private take(captured: MediaStream): void {
    for (const track of captured.getTracks()) {
      track.addEventListener("ended", () => this.drop(track));
      if (track.kind === "audio") {
        track.enabled = this.microphone?.enabled ?? true;
        this.microphone?.stop();
        this.microphone = track;
      } else {
        this.camera?.stop();
        this.camera = track;
      }
    }
    this.changed();
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

/** A page that came neither by HTTPS nor from this machine has no devices at all. */
function devices(): MediaDevices {
  if (!window.isSecureContext) throw new DOMException("not a secure page", "SecurityError");
  return navigator.mediaDevices;
}

async function capture(constraints: MediaStreamConstraints): Promise<MediaStream> {
  return devices().getUserMedia(constraints);
}

/** A black picture that is drawn once and costs next to nothing to send. */
function createBlankTrack(): MediaStreamTrack {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  const [track] = canvas.captureStream().getVideoTracks();
  context?.fillRect(0, 0, canvas.width, canvas.height);
  if (!track) throw new Error("a canvas has given no track");
  return track;
}
