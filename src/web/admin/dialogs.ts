/** Asking before something is done. The dialogs are in index.html, each with the focus on Cancel first. */

import { find } from "../dom.ts";
import type { Say } from "../toast.ts";

/** What is asked. */
interface Question {
  /** The dialog's id. */
  id: string;
  /** Of the peer or the room that it is about. */
  name?: string;
  /** Does it, and resolves with what to tell. What it rejects with is shown, and can be tried again. */
  act: (fields: FormData) => Promise<string>;
}

/** Creates what asks. */
export function createDialogs(say: Say): (question: Question) => void {
  for (const button of document.querySelectorAll("dialog [data-cancel]")) {
    button.addEventListener("click", () => button.closest("dialog")?.close());
  }

  return ({ id, name, act }) => {
    const dialog = find(HTMLDialogElement, `dialog#${id}`);
    const form = find(HTMLFormElement, "form", dialog);
    const fault = find(HTMLElement, ".notice", form);
    form.reset();
    fault.hidden = true;
    if (name !== undefined) find(HTMLElement, "[data-name]", form).textContent = name;
    let isBusy = false;
    form.onsubmit = async (event) => {
      event.preventDefault();
      if (isBusy) return;
      isBusy = true;
      try {
        say(await act(new FormData(form)));
        dialog.close();
      } catch (error) {
        fault.textContent = error instanceof Error ? error.message : String(error);
        fault.hidden = false;
      }
      isBusy = false;
    };
    dialog.showModal();
    // `autofocus` in a dialog makes Chromium complain on the console when the page is loaded.
    find(HTMLElement, "[data-cancel]", form).focus();
  };
}

/** The text of a field; undefined if it is empty. */
export function textOf(fields: FormData, name: string): string | undefined {
  const value = fields.get(name);
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}
