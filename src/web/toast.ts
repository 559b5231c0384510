/** The one line that tells who comes and goes: shown for a while, and read out. */

import { find } from "./dom.ts";

const SHOWN_MS = 5_000;

/** Says something in passing: text, and elements such as a name's. */
export type Say = (...parts: (string | Node)[]) => void;

/** Creates the line. What is said next takes the place of what was said before. */
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
