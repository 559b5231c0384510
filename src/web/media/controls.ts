/** The buttons for microphone, camera and screen, in the lobby and in a call. */

import { find, setPressed } from "../dom.ts";
import { explainCapture } from "../problems.ts";
import type { Say } from "../toast.ts";
import type { LocalMedia } from "./media.ts";

/** Connects the buttons with `data-control` in `bar` to `media`. */
export function createMediaControls(bar: HTMLElement, media: LocalMedia, say: Say): void {
  const mute = find(HTMLButtonElement, "[data-control=mute]", bar);
  const camera = find(HTMLButtonElement, "[data-control=camera]", bar);
  const screen = bar.querySelector<HTMLElement>("[data-control=screen]");

  const render = () => {
    const { sending } = media;
    setPressed(mute, sending.muted);
    setPressed(camera, !sending.camera);
    if (screen) setPressed(screen, sending.screen);
  };
  media.addEventListener("change", render);
  render();

  const explain = (error: unknown) => say(explainCapture(error));
  onPress(mute, () => media.setMuted(!media.sending.muted), explain);
  onPress(camera, () => media.setCamera(!media.sending.camera), explain);
  if (screen) onPress(screen, toggleScreen, explainScreen);

  async function toggleScreen() {
    if (media.sending.screen) media.stopSharing();
    else await media.shareScreen();
  }
  function explainScreen(error: unknown) {
    // Closing the browser's dialog counts as a refusal.
    const isRefused = error instanceof DOMException && error.name === "NotAllowedError";
    say(isRefused ? "Your screen is not shared." : "Your screen can't be shared here.");
  }
}

/** Runs `action` on each press; presses while it runs are ignored. */
function onPress(
  button: HTMLElement,
  action: () => Promise<void>,
  onError: (error: unknown) => void,
): void {
  let isBusy = false;
  button.addEventListener("click", async () => {
    if (isBusy) return;
    isBusy = true;
    button.setAttribute("aria-busy", "true");
    await action().catch(onError);
    button.removeAttribute("aria-busy");
    isBusy = false;
  });
}
