/** Copying the link to the room, which by then is the page's own address. */

import type { Say } from "./toast.ts";

/** Makes every button below `root` that is marked with `data-copy` copy the link. */
export function copyLinkOnClick(root: HTMLElement, say: Say): void {
  root.addEventListener("click", async ({ target }) => {
    if (!(target instanceof Element) || !target.closest("[data-copy]")) return;
    try {
      await navigator.clipboard.writeText(location.href);
      say("The link is copied.");
    } catch {
      // Not allowed, or not over HTTPS: then by hand.
      say(`Copy this link: ${location.href}`);
    }
  });
}
