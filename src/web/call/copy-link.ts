/** The link to the room: to be copied, or shown, also as a code for a phone. */

import { find } from "../dom.ts";
import { linkTo } from "../room.ts";
import type { Say } from "../toast.ts";
import { createPhoneCode, phoneLinkTo } from "./phone.ts";

/**
 * Makes the buttons below `root` work until aborted: those with `data-copy` copy the link, and the one with
 * `data-phone` shows the link for phones, if there is one.
 */
export function offerLink(root: HTMLElement, room: string, say: Say, signal: AbortSignal): void {
  const dialog = find(HTMLDialogElement, "dialog#link");
  const link = linkTo(room);
  const phoneLink = phoneLinkTo(room);
  find(HTMLElement, "[data-phone]", root).hidden = phoneLink === undefined;
  find(HTMLElement, "[data-code]", dialog).replaceChildren(...createPhoneCode(room));

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link);
      say("The link is copied.");
    } catch {
      // No permission, or not over HTTPS.
      if (!signal.aborted) showLink(dialog, "Copy this link", link, true);
    }
  };
  const onClick = ({ target }: Event) => {
    if (!(target instanceof Element)) return;
    if (target.closest("[data-copy]")) void copy();
    else if (phoneLink && target.closest("[data-phone]"))
      showLink(dialog, "Call from a phone", phoneLink);
  };
  root.addEventListener("click", onClick, { signal });
  signal.addEventListener("abort", () => dialog.close());
}

/** Shows the link in a field, selected, to be copied by hand. */
function showLink(dialog: HTMLDialogElement, title: string, link: string, isRefused = false): void {
  const field = find(HTMLInputElement, "input", dialog);
  find(HTMLElement, "h2", dialog).textContent = title;
  find(HTMLElement, "[data-refused]", dialog).hidden = !isRefused;
  field.value = link;
  dialog.showModal();
  field.select();
}
