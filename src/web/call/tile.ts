/** One person's tile: the picture, the name, and how the connection does. */

import { copyOf, find, isolated } from "../dom.ts";
import type { Sending } from "../messages.ts";
import type { Facts } from "./stats.ts";

const TROUBLE: Partial<Record<RTCPeerConnectionState, string>> = {
  new: "Connecting…",
  connecting: "Connecting…",
  disconnected: "Connection interrupted…",
  failed: "Connection lost, trying again…",
};

const PATHS = {
  direct: "Direct",
  reflexive: "Reflexive",
  relayed: "Relayed",
} satisfies Record<NonNullable<Facts["path"]>, string>;

const NO_NAME = "Guest";
/** From here on a round trip is felt, and then in the way. */
const SLOW_MS = 150;
const TOO_SLOW_MS = 400;

/** What a person is called who gave no name. */
export function displayName(name: string): string {
  return name === "" ? NO_NAME : name;
}

/** One tile of the stage. Names are hostile input: they become text and nothing else. */
export class Tile {
  readonly element = copyOf("tile");
  private readonly video = find(HTMLVideoElement, "video", this.element);
  private readonly trouble = find(HTMLElement, ".trouble", this.element);
  private readonly condition = find(HTMLElement, ".condition", this.element);
  private readonly signal = find(HTMLButtonElement, ".signal", this.element);
  private readonly facts = find(HTMLElement, ".facts", this.element);
  private readonly received = new MediaStream();

  constructor(name: string, { isSelf = false } = {}) {
    this.element.classList.toggle("self", isSelf);
    // Not by a word in the text: somebody may be called that.
    if (isSelf) this.element.ariaCurrent = "true";
    this.showName(name);
    // Hearing oneself would howl.
    this.video.muted = isSelf;
    this.signal.hidden = isSelf;
    // Until there is a picture, the initials stand for it.
    this.video.addEventListener("resize", () =>
      this.element.classList.toggle("picture", this.video.videoWidth > 0),
    );
    this.signal.addEventListener("click", () => this.toggleFacts());
  }

  /** Whether this is somebody's screen, which wants more room than a face. */
  get isScreen(): boolean {
    return this.element.classList.contains("screen") && !this.element.classList.contains("self");
  }

  showName(name: string): void {
    const shown = displayName(name);
    find(HTMLElement, ".name", this.element).textContent = shown;
    find(HTMLElement, ".avatar span", this.element).textContent = initialsOf(shown);
    find(HTMLElement, ".signal .tip", this.element).replaceChildren(
      "Connection with ",
      isolated(shown),
    );
    this.element.dataset["hue"] = String(hueOf(shown));
  }

  /** Shows a stream, and follows the tracks that come to it and go. */
  showStream(stream: MediaStream): void {
    this.video.srcObject = stream;
  }

  /** Shows a track beside those that are shown; a peer may send them in no stream at all. */
  showTrack(track: MediaStreamTrack): void {
    this.received.addTrack(track);
    // Else a peer that stops one and sends another would stay with the last frame of the first.
    track.addEventListener("ended", () => this.received.removeTrack(track), { once: true });
    this.video.srcObject = this.received;
  }

  /** Shows what this person says of itself; one who says nothing is taken to send a picture. */
  showSending({ muted, camera, screen }: Sending): void {
    this.element.classList.toggle("muted", muted);
    this.element.classList.toggle("dark", !camera && !screen);
    this.element.classList.toggle("screen", screen);
    const conditions = [muted && "muted", screen ? "shares the screen" : !camera && "camera off"];
    this.condition.textContent = conditions
      .filter(Boolean)
      .map((text) => `, ${text}`)
      .join("");
  }

  showConnection(state: RTCPeerConnectionState): void {
    this.element.dataset["connection"] = state;
    this.trouble.textContent = TROUBLE[state] ?? "";
    this.showFact("state", state);
  }

  /** Shows that this person sent too much, and is not listened to. */
  showFlood(): void {
    find(HTMLElement, ".flood", this.element).hidden = false;
  }

  /** Shows the numbers; what is not known yet is a dash. */
  showFacts({ path, roundTripMs, receivedBitsPerSecond, sentBitsPerSecond }: Facts): void {
    this.showFact("path", path && PATHS[path]);
    this.showFact(
      "round-trip",
      roundTripMs === undefined ? undefined : `${Math.round(roundTripMs)} ms`,
    );
    this.showFact("receiving", bitRate(receivedBitsPerSecond));
    this.showFact("sending", bitRate(sentBitsPerSecond));
    this.signal.dataset["quality"] = qualityOf(roundTripMs);
  }

  remove(): void {
    this.video.srcObject = null;
    this.element.remove();
  }

  private showFact(name: string, value = "–"): void {
    find(HTMLElement, `[data-fact=${name}]`, this.facts).textContent = value;
  }

  private toggleFacts(): void {
    this.facts.hidden = !this.facts.hidden;
    this.signal.setAttribute("aria-expanded", String(!this.facts.hidden));
  }
}

function initialsOf(name: string): string {
  const words = name.split(/\s+/).filter(Boolean);
  const ends = words.length > 1 ? [words[0], words.at(-1)] : words;
  // By code point, so that an emoji stays whole.
  return ends
    .map((word) => [...(word ?? "")][0] ?? "")
    .join("")
    .toUpperCase();
}

/** The same colour for the same name everywhere: 0 to 5. */
function hueOf(name: string): number {
  return [...name].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % 6;
}

function bitRate(bitsPerSecond: number | undefined): string | undefined {
  if (bitsPerSecond === undefined) return undefined;
  const kilobits = bitsPerSecond / 1_000;
  return kilobits < 1_000
    ? `${Math.round(kilobits)} kbit/s`
    : `${(kilobits / 1_000).toFixed(1)} Mbit/s`;
}

function qualityOf(roundTripMs: number | undefined): string {
  if (roundTripMs === undefined) return "unknown";
  if (roundTripMs < SLOW_MS) return "good";
  return roundTripMs < TOO_SLOW_MS ? "fair" : "poor";
}
