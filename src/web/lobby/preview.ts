/** The preview of camera and microphone before joining. */

import { find } from "../dom.ts";
import { createMediaControls } from "../media/controls.ts";
import type { LocalMedia } from "../media/media.ts";
import { explainCapture } from "../problems.ts";
import type { Say } from "../toast.ts";
import { createDeviceSelect } from "./devices.ts";
import { showLevel } from "./meter.ts";

/** The picture, the microphone's level, and the choice of devices. */
export class Preview {
  private readonly media: LocalMedia;
  private readonly meter: HTMLElement;
  private readonly note: HTMLElement;
  private readonly picture: HTMLElement;
  private metering = new AbortController();
  private metered: MediaStreamTrack | undefined;
  private isShown = false;

  constructor(root: HTMLElement, media: LocalMedia, say: Say) {
    this.media = media;
    this.picture = find(HTMLElement, ".preview", root);
    this.meter = find(HTMLElement, ".meter", root);
    this.note = find(HTMLElement, ".preview-note", root);
    find(HTMLVideoElement, "video", this.picture).srcObject = media.stream;
    createMediaControls(this.picture, media, say);
    const explain = (error: unknown) => say(explainCapture(error));
    createDeviceSelect(find(HTMLSelectElement, "#camera", root), "video", media, explain);
    createDeviceSelect(find(HTMLSelectElement, "#microphone", root), "audio", media, explain);
    media.addEventListener("change", () => this.render());
  }

  /** Asks for camera and microphone; shows why if there are none. */
  async start(): Promise<void> {
    this.isShown = true;
    try {
      await this.media.start();
    } catch (error) {
      this.picture.classList.add("refused");
      this.note.textContent = `${explainCapture(error)} You can also join without.`;
    }
  }

  /** Starts and stops the meter; during a call it isn't needed. */
  show(isShown: boolean): void {
    this.isShown = isShown;
    this.render();
  }

  private render(): void {
    const { sending, stream } = this.media;
    this.picture.classList.toggle("on", sending.camera);
    if (sending.camera || !sending.muted) {
      this.picture.classList.remove("refused");
      this.note.textContent = "Your camera is off.";
    }
    const [track] = this.isShown && !sending.muted ? stream.getAudioTracks() : [];
    if (track === this.metered) return;
    this.metered = track;
    this.metering.abort();
    this.metering = new AbortController();
    if (track) showLevel(track, this.meter, this.metering.signal);
  }
}
