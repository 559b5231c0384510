/** The chat. Messages of others are untrusted input: they are only ever shown as text. */

import { find, isolated, oncePerFrame, textElement } from "../dom.ts";
import { MAX_TEXT_LENGTH } from "../messages.ts";

/** Messages that are kept on the page. */
const MAX_MESSAGES = 500;

/** The panel, and the button that opens it. */
export class Chat {
  private readonly panel: HTMLElement;
  private readonly log: HTMLElement;
  private readonly list: HTMLElement;
  private readonly input: HTMLInputElement;
  private readonly toggle: HTMLElement;
  private readonly badge: HTMLElement;
  private readonly scrollDown = oncePerFrame(() => {
    this.log.scrollTop = this.log.scrollHeight;
  });
  private unread = 0;

  /** @param onSend gets the text that the user sends */
  constructor(root: HTMLElement, onSend: (text: string) => void, signal: AbortSignal) {
    this.panel = find(HTMLElement, ".chat", root);
    this.log = find(HTMLElement, ".log", this.panel);
    // Focusable, so that the arrow keys scroll it.
    this.log.tabIndex = 0;
    this.list = find(HTMLElement, "ol", this.log);
    this.input = find(HTMLInputElement, "input", this.panel);
    this.toggle = find(HTMLElement, "[data-control=chat]", root);
    this.badge = find(HTMLElement, ".badge", this.toggle);
    this.list.replaceChildren();
    this.input.maxLength = MAX_TEXT_LENGTH;

    this.toggle.addEventListener("click", () => this.open(!this.isOpen), { signal });
    find(HTMLElement, "[data-close]", this.panel).addEventListener(
      "click",
      () => this.open(false),
      { signal },
    );
    this.panel.addEventListener("keydown", ({ key }) => key === "Escape" && this.open(false), {
      signal,
    });
    find(HTMLFormElement, "form", this.panel).addEventListener(
      "submit",
      (event) => {
        event.preventDefault();
        const text = this.input.value.trim();
        this.input.value = "";
        if (text !== "") onSend(text);
      },
      { signal },
    );
    signal.addEventListener("abort", () => this.setOpen(false));
  }

  get isOpen(): boolean {
    return !this.panel.hidden;
  }

  /** Appends a peer's message. */
  show(from: string, text: string): void {
    const name = document.createElement("b");
    name.append(isolated(from));
    // Screen readers read "From" first, so that a peer named "You" isn't mistaken for the user.
    this.append([textElement("span", "From ", "visually-hidden"), name], text);
  }

  /** Appends the user's message, with a note if it didn't reach all others. */
  showOwn(text: string, reached: number, others: number): void {
    const message = this.append([textElement("span", "You", "you")], text);
    const note = noteOn(reached, others);
    if (note !== "") message.append(textElement("p", note, "note"));
  }

  private append(from: HTMLElement[], text: string): HTMLElement {
    const time = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    const message = document.createElement("li");
    const head = textElement("p", "", "from");
    head.append(...from, textElement("time", time));
    message.append(head, textElement("p", text, "text"));
    this.list.append(message);
    if (this.list.childElementCount > MAX_MESSAGES) this.list.firstElementChild?.remove();
    this.scrollDown();
    if (!this.isOpen) this.count(this.unread + 1);
    return message;
  }

  /** Opens or closes the panel, and moves the focus. */
  private open(isOpen: boolean): void {
    this.setOpen(isOpen);
    (isOpen ? this.input : this.toggle).focus();
    this.scrollDown();
  }

  private setOpen(isOpen: boolean): void {
    this.panel.hidden = !isOpen;
    this.toggle.setAttribute("aria-expanded", String(isOpen));
    this.count(0);
  }

  private count(unread: number): void {
    this.unread = unread;
    const text = [String(unread), textElement("span", " unread", "visually-hidden")];
    this.badge.replaceChildren(...(unread > 0 ? text : []));
  }
}

function noteOn(reached: number, others: number): string {
  if (others === 0) return "Nobody else is here to read this.";
  if (reached === others) return "";
  return reached === 0
    ? "Nobody could be reached."
    : `This reached ${reached} of ${others} people.`;
}
