/** What the page needs of the DOM. All markup is in index.html; nothing is ever parsed from text. */

/** Finds an element of this type, which has to be there. */
export function find<T extends Element>(
  type: new () => T,
  selector: string,
  root: ParentNode = document,
): T {
  const element = root.querySelector(selector);
  if (element instanceof type) return element;
  throw new Error(`the page has no ${type.name} ${selector}`);
}

/** Copies the one element in a `<template>`. */
export function copyOf(template: string): HTMLElement {
  const { content } = find(HTMLTemplateElement, `template#${template}`);
  const copy = document.importNode(content, true).firstElementChild;
  if (copy instanceof HTMLElement) return copy;
  throw new Error(`the template ${template} is empty`);
}

/** Makes an element with this text, taken as text whatever it is. */
export function textElement<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  text: string,
  className = "",
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  element.textContent = text;
  element.className = className;
  return element;
}

/** Makes an element for what somebody has written, which may turn around no text beside it (UAX 9). */
export function isolated(text: string): HTMLElement {
  return textElement("bdi", text);
}

/** Runs `draw` in the next frame, once however often it is asked for until then. */
export function oncePerFrame(draw: () => void): () => void {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      draw();
    });
  };
}

/** Tells a toggle button's state to assistive technology, and to the style sheet with it. */
export function setPressed(button: HTMLElement, isPressed: boolean): void {
  button.setAttribute("aria-pressed", String(isPressed));
}
