/** The line for notifications: shown for some seconds, and read out by screen readers. */

import { find } from "./dom.ts";

const SHOWN_MS = 5_000;

/** Shows a notification: text, and elements such as a name. */
export type Say = (...parts: (string | Node)[]) => void;

/** Creates the line. Each notification replaces the one before. */
export function createToast(): Say {
  const line = find(HTMLElement, "#toast");
  let timer: ReturnType<typeof setTimeout> | undefined;
  return (...parts) => {
    clearTimeout(timer);
    line.replaceChildren(...parts);
    line.classList.add("shown");
    timer = setTimeout(() => line.classList.remove("shown"), SHOWN_MS);
  };
}
