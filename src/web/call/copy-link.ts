/** Copying the link to the room. */

import { find } from "../dom.ts";
import type { Say } from "../toast.ts";

/** Makes every button with `data-copy` below `root` copy `link`, until aborted. */
export function copyLinkOnClick(
  root: HTMLElement,
  link: string,
  say: Say,
  signal: AbortSignal,
): void {
  const byHand = find(HTMLDialogElement, "dialog#link");
  const copy = async ({ target }: Event) => {
    if (!(target instanceof Element) || !target.closest("[data-copy]")) return;
    try {
      await navigator.clipboard.writeText(link);
      say("The link is copied.");
    } catch {
      // No permission, or not over HTTPS.
      if (!signal.aborted) showLink(byHand, link);
    }
  };
  root.addEventListener("click", copy, { signal });
  signal.addEventListener("abort", () => byHand.close());
}

/** Shows the link in a field, selected, to be copied by hand. */
function showLink(dialog: HTMLDialogElement, link: string): void {
  const field = find(HTMLInputElement, "input", dialog);
  field.value = link;
  dialog.showModal();
  field.select();
}
