/** One person's tile: the picture, the name, and the state of the connection. */

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
/** Round trips from here on are noticeable, and disturb a conversation. */
const SLOW_MS = 150;
const TOO_SLOW_MS = 400;

/** The name to show; a placeholder for an empty one. */
export function displayName(name: string): string {
  return name === "" ? NO_NAME : name;
}

/** One tile of the stage. Names are untrusted input: they are only ever shown as text. */
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
    // An attribute, not a word in the text: a peer may have that word as its name.
    if (isSelf) this.element.ariaCurrent = "true";
    this.showName(name);
    // Our own sound would cause feedback.
    this.video.muted = isSelf;
    this.signal.hidden = isSelf;
    // Until there is a picture, the initials are shown.
    this.video.addEventListener("resize", () =>
      this.element.classList.toggle("picture", this.video.videoWidth > 0),
    );
    this.signal.addEventListener("click", () => this.toggleFacts());
  }

  /** Whether this is a peer's shared screen, which gets more space. */
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

  /** Shows a stream, including tracks that are added or removed later. */
  showStream(stream: MediaStream): void {
    this.video.srcObject = stream;
  }

  /** Shows one more track. A track may arrive without a stream. */
  showTrack(track: MediaStreamTrack): void {
    this.received.addTrack(track);
    // Else a peer that stops one and sends another would stay with the last frame of the first.
    track.addEventListener("ended", () => this.received.removeTrack(track), { once: true });
    this.video.srcObject = this.received;
  }

  /** Shows whether this person is muted, has the camera on, or shares a screen. */
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

  /** Shows whether this person's connection to the server is lost. The picture may go on. */
  showAway(isAway: boolean): void {
    find(HTMLElement, ".absent", this.element).hidden = !isAway;
  }

  /** Shows that this person sent too many messages, so that no more are read. */
  showFlood(): void {
    find(HTMLElement, ".flood", this.element).hidden = false;
  }

  /** Shows the facts; unknown ones as a dash. */
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

/** A hue from 0 to 5, the same for the same name on every page. */
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
